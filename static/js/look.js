/* What this tablet's people chose (theme, contrast, hand, sound, lane): on <html> before the first paint, so nothing flashes. */
(() => {
  const root = document.documentElement;
  const kept = {};
  try { Object.assign(kept, JSON.parse(localStorage.getItem("look"))); } catch { /* a private window keeps nothing */ }
  Object.assign(root.dataset, kept);

  window.keep = (name, value) => {
    delete root.dataset[name];
    delete kept[name];
    if (value) root.dataset[name] = kept[name] = value;
    try { localStorage.setItem("look", JSON.stringify(kept)); } catch { /* then until the page goes */ }
  };

  addEventListener("change", ({ target }) => {
    if (target.dataset.setting) keep(target.dataset.setting, target.value);
  });
  addEventListener("DOMContentLoaded", () => {
    for (const choice of document.querySelectorAll("[data-setting]")) choice.checked = choice.value === (kept[choice.dataset.setting] ?? "");
  });
})();
