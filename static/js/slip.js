/* The button of a page of slips. */
document.querySelector("[data-print]").addEventListener("click", () => print());
