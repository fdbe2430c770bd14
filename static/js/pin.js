/* The PIN pad of the lock screen: its keys fill the one real field, which takes a keyboard too. */
(() => {
  const pin = document.querySelector("input.pin");
  if (!pin) return;

  const type = (value) => {
    pin.value = value;
    if (value.length >= pin.maxLength) pin.form.requestSubmit();
  };
  if (matchMedia("(pointer: coarse)").matches) pin.inputMode = "none";
  pin.addEventListener("input", () => type(pin.value));

  document.addEventListener("click", ({ target }) => {
    const key = target.closest("[data-digit]")?.dataset.digit;
    if (key !== undefined) type(key ? pin.value + key : pin.value.slice(0, -1));
  });
  document.addEventListener("change", ({ target }) => {
    if (!target.dataset.who) return;
    document.querySelector("[data-pin-who]").textContent = target.dataset.who;
    type("");
    pin.focus();
  });
})();
