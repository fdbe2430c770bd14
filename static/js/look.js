/* What this tablet's people chose (theme, contrast, hand, sound, lane): on <html> before the first paint, so nothing flashes. */
(() => {
  const root = document.documentElement.dataset;
  let kept = {};
  try { kept = JSON.parse(localStorage.look); } catch { /* nothing kept yet, or a private window, which keeps nothing */ }
  Object.assign(root, kept);

  window.keep = (name, value) => {
    root[name] = kept[name] = value;
    if (!value) delete root[name];
    try { localStorage.look = JSON.stringify(kept); } catch { /* then until the page goes */ }
  };

  addEventListener("change", ({ target: { dataset, value } }) => { if (dataset.setting) keep(dataset.setting, value); });
  addEventListener("DOMContentLoaded", () => {
    for (const choice of document.querySelectorAll("[data-setting]")) choice.checked = choice.value === (kept[choice.dataset.setting] ?? "");
  });
})();
