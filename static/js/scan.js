/* Scanning, and the sounds that answer it. A scanner types faster than any person; whatever it reads goes through
   `form[data-scan]` with its field `code`: the page's own, else the shell's. */
(() => {
  const on = (name, listen, capture) => document.addEventListener(name, listen, capture);
  const sound = (name) => document.dispatchEvent(new CustomEvent("sound", { detail: name }));
  const look = document.documentElement.dataset;

  /* Out in order, one in flight. A typed code joins the same queue. */
  const waiting = [];
  let sending, answered;
  on("htmx:finally:request", ({ detail: { ctx } }) => { if (ctx.sourceElement === sending) answered(ctx.response?.status); });

  async function scan(code) {
    waiting.push(code);
    while (!sending && waiting.length) {
      sending = document.querySelector("main form[data-scan]") ?? document.querySelector("form[data-scan]");
      if (!sending) return;
      const field = sending.elements.code;
      field.value = waiting.shift();
      const status = await new Promise((resolve) => {
        answered = resolve;
        setTimeout(resolve, 10_000);
        sending.requestSubmit();
      });
      field.value = "";
      sending = null;
      sound(status < 400 ? "ok" : "wrong");
    }
  }
  addEventListener("submit", (event) => {
    const form = event.target;
    if (sending || !form.matches("form[data-scan][hx-post]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    setTimeout(scan, 0, form.elements.code.value.trim()); // a form can't be submitted from within its own submit event
  }, true);

  /* The wedge: six keys or more, each within 60 ms, 35 ms on average, then Enter or Tab. */
  let keys = [];
  const isBurst = (at) => keys.length >= 6 && at - keys.at(-1).at <= 60 && (keys.at(-1).at - keys[0].at) / (keys.length - 1) <= 35;
  const isField = (element) => element?.matches("input, textarea, select, [contenteditable]");

  addEventListener("keydown", (event) => {
    const { key, timeStamp: at } = event;
    if (key === "Enter" || key === "Tab") {
      const code = isBurst(at) && keys.map((each) => each.key).join("");
      keys = [];
      if (!code) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const field = document.activeElement;
      if (isField(field) && field.value.endsWith(code)) field.value = field.value.slice(0, -code.length);
      return scan(code);
    }
    const isSeparator = event.ctrlKey && key === "]"; // how wedges type GS1's FNC1
    if ((event.ctrlKey || event.metaKey || event.altKey) && !isSeparator) return shortcut(event);
    if (key.length !== 1) return;
    if (keys.length && at - keys.at(-1).at > 60) keys = [];
    keys.push({ key: isSeparator ? "\x1d" : key, at });
    if (keys.length === 1) setTimeout(() => { if (keys.length === 1 && keys[0].at === at) shortcut(event); }, 80);
  }, true);

  /* Z takes the last act back: desks with a mouse only, never in a field, never during a scan. */
  function shortcut(event) {
    if (look.keys === "off" || !matchMedia("(hover: hover) and (pointer: fine)").matches) return;
    if (event.key.toLowerCase() !== "z" || event.shiftKey || event.altKey || isField(document.activeElement)) return;
    const form = document.querySelector("#undo form");
    if (!form?.querySelector("button").checkVisibility()) return;
    event.preventDefault();
    form.requestSubmit();
  }

  /* Sounds: no files, never the only sign, at most one announcement in five seconds. */
  const TUNES = { ok: [[1800, 0, 0.03]], wrong: [[220, 0, 0.12], [180, 0.18, 0.2]], new: [[660, 0, 0.12], [880, 0.15, 0.16]], here: [[660, 0, 0.12], [830, 0.15, 0.12], [1046, 0.3, 0.22]] };
  const BUZZES = { ok: 20, wrong: [80, 60, 80], new: 0, here: [120, 60, 120] };
  const LOUD = { off: 0, quiet: 0.05 };
  let audio, quietUntil = 0, next, again;

  function play(name) {
    navigator.vibrate?.(BUZZES[name]);
    const loud = LOUD[look.sound] ?? 0.2;
    if (audio?.state !== "running") return;
    for (const [frequency, start, length] of TUNES[name]) {
      const tone = new OscillatorNode(audio, { frequency });
      const gain = new GainNode(audio, { gain: loud });
      const at = audio.currentTime + start;
      gain.gain.setTargetAtTime(0, at + length * 0.7, length * 0.15);
      tone.connect(gain).connect(audio.destination);
      tone.start(at);
      tone.stop(at + length * 2);
    }
  }
  function announce(name) {
    if (next !== "here") next = name;
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + 5000;
    play(next);
    next = null;
    setTimeout(() => { if (next) announce(next); }, 5000);
  }
  on("sound", ({ detail: name }) => {
    if (name === "ok" || name === "wrong") return play(name);
    announce(name);
    if (name === "here") again ??= setInterval(announce, 30_000, "here"); // until somebody has touched the tablet
  });
  on("change", ({ target }) => { if (target.name === "sound") setTimeout(play, 0, "new"); });
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => {
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume();
    clearInterval(again);
    again = null;
  }, { capture: true, passive: true });
})();
