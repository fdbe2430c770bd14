/* From a tap or a scan to its answer, and the lock. On a form: data-key (the intent), data-wait ("Handing off…"), data-scan
   (whatever is scanned goes through its field `code`: the page's own, else the shell's); data-card on what steps back meanwhile. */
(() => {
  const one = (selector) => document.querySelector(selector);
  const on = (name, listen, capture) => document.addEventListener(name, listen, capture);
  const look = document.documentElement.dataset;

  const refusal = one("#refusal");
  const refuse = (words) => { if (refusal) refusal.textContent = words; };
  const csrf = () => one('meta[name="csrf-token"]')?.content ?? "";

  /* Every write says whose it is and which intent it is: a second try never does it twice. */
  on("htmx:config:request", ({ detail: { ctx: { request, sourceElement } } }) => {
    if (request.method === "GET") return;
    request.headers["X-CSRFToken"] = csrf();
    request.headers["Idempotency-Key"] = sourceElement.closest("[data-key]")?.dataset.key ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
    refuse("");
  });

  /* Pending, in the same frame as the tap; given back whatever the answer. */
  const inFlight = new Map();
  on("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (inFlight.has(form)) return stop(event);
    const button = event.submitter ?? form.querySelector("button:not([type=button])");
    const card = form.closest(".task, [data-card]") ?? form;
    inFlight.set(form, { card, button, label: button?.innerHTML });
    card.classList.add("pending");
    if (button && form.dataset.wait) {
      button.ariaBusy = "true";
      button.textContent = form.dataset.wait;
    }
    if (form.hasAttribute("hx-post") || form.elements.csrf_token) return;
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "csrf_token", value: csrf() }));
  }, true);
  on("htmx:finally:request", ({ detail: { ctx: { sourceElement: form, response } } }) => {
    const { card, button, label } = inFlight.get(form) ?? {};
    inFlight.delete(form);
    card?.classList.remove("pending");
    if (button?.ariaBusy) {
      button.ariaBusy = null;
      button.innerHTML = label;
    }
    if (form === sending) answered(response?.status);
  });
  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /* When what came back is no fragment. */
  on("htmx:error", ({ detail: { ctx } }) => { if (ctx && ctx.request.method !== "GET") refuse(refusal?.dataset.offline); });
  on("htmx:after:request", (event) => {
    const { text, request, response: { raw, status } } = event.detail.ctx;
    const isPage = /^\s*<!doctype/i.test(text);
    if (!isPage && (status < 500 || text.includes("<hx-partial"))) return;
    event.preventDefault();
    if (raw.redirected) location.assign(raw.url);
    else if (status === 401) location.reload();
    else if (request.method !== "GET") refuse(refusal?.dataset.broken);
  });

  /* The second half of a double tap must not hit what has just slid under the finger. */
  let last = { at: -Infinity };
  on("click", (event) => {
    const { target, detail, pointerType, timeStamp: at, clientX: x, clientY: y } = event;
    if (target.closest("[data-dismiss]")) refuse("");
    const control = target.closest("a, button, label");
    if (!control) return;
    const what = control.form?.action ?? control.href ?? control;
    const isSecond = (detail > 1 || pointerType === "touch") && at - last.at < 500;
    if (isSecond && Math.hypot(x - last.x, y - last.y) < 30 && what !== last.what) stop(event);
    else last = { at, x, y, what };
  }, true);

  /* Scans go out in order, one in flight. A typed code joins the same queue. */
  const waiting = [];
  let sending, answered;
  async function scan(code) {
    waiting.push(code);
    while (!sending && waiting.length) {
      sending = one("main form[data-scan]") ?? one("form[data-scan]");
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
      play(status < 400 ? "ok" : "wrong");
    }
  }
  addEventListener("submit", (event) => {
    const form = event.target;
    if (sending || !form.matches("form[data-scan][hx-post]")) return;
    stop(event);
    setTimeout(scan, 0, form.elements.code.value.trim()); // a form can't be submitted from within its own submit event
  }, true);

  /* The wedge: six keys or more, each within 60 ms, 35 ms on average, then Enter or Tab. */
  let keys = [];
  const isBurst = (at) => keys.length >= 6 && at - keys.at(-1).at <= 60 && keys.at(-1).at - keys[0].at <= 35 * (keys.length - 1);
  const isField = (element) => element?.matches("input, textarea, select");

  addEventListener("keydown", (event) => {
    const { key, timeStamp: at } = event;
    if (key === "Enter" || key === "Tab") {
      const code = isBurst(at) && keys.map((each) => each.key).join("");
      keys = [];
      if (!code) return;
      stop(event);
      const field = document.activeElement;
      if (isField(field) && field.value.endsWith(code)) field.value = field.value.slice(0, -code.length);
      return scan(code);
    }
    const isSeparator = event.ctrlKey && key === "]"; // how wedges type GS1's FNC1
    if ((event.ctrlKey || event.metaKey || event.altKey) && !isSeparator) return takeBack(event);
    if (key.length !== 1) return;
    if (keys.length && at - keys.at(-1).at > 60) keys = [];
    keys.push({ key: isSeparator ? "\x1d" : key, at });
    if (keys.length === 1) setTimeout(() => { if (keys.length === 1 && keys[0].at === at) takeBack(event); }, 80);
  }, true);

  /* Z takes the last act back: desks with a mouse only, never in a field, never during a scan. */
  function takeBack(event) {
    if (event.key.toLowerCase() !== "z" || event.shiftKey || event.altKey || isField(document.activeElement)) return;
    if (look.keys === "off" || !matchMedia("(hover: hover) and (pointer: fine)").matches) return;
    event.preventDefault();
    one("#undo form")?.requestSubmit();
  }

  /* Sounds: never the only sign, at most one announcement in five seconds; who is here is rung for until somebody comes. */
  const TUNES = { ok: [[1800, 0, 0.03]], wrong: [[220, 0, 0.12], [180, 0.18, 0.2]], new: [[660, 0, 0.12], [880, 0.15, 0.16]], here: [[660, 0, 0.12], [830, 0.15, 0.12], [1046, 0.3, 0.22]] };
  const BUZZES = { ok: 20, wrong: [80, 60, 80], here: [120, 60, 120] };
  let audio, quietUntil = 0, again;

  function play(name) {
    navigator.vibrate?.(BUZZES[name] ?? 0);
    if (audio?.state !== "running") return;
    for (const [frequency, start, length] of TUNES[name]) {
      const tone = new OscillatorNode(audio, { frequency });
      const gain = new GainNode(audio, { gain: { off: 0, quiet: 0.05 }[look.sound] ?? 0.2 });
      const at = audio.currentTime + start;
      gain.gain.setTargetAtTime(0, at + length * 0.7, length * 0.15);
      tone.connect(gain).connect(audio.destination);
      tone.start(at);
      tone.stop(at + length * 2);
    }
  }
  on("sound", ({ detail: name, timeStamp: at }) => {
    if (name === "here") again ??= setInterval(play, 30_000, name);
    else if (at < quietUntil) return;
    quietUntil = at + 5000;
    play(name);
  });
  on("change", ({ target }) => { if (target.name === "sound") setTimeout(play, 0, "new"); });
  for (const name of ["pointerdown", "keydown"]) on(name, () => {
    audio ??= new AudioContext();
    audio.resume();
    again = clearInterval(again);
  }, true);

  /* Idle: asked first, then locked. With no connection the screen stays covered until the lock can be told. */
  const lock = one("form[data-lock-after]");
  const asked = one("#still-you");
  if (lock && asked) {
    let touched = Date.now(), isLocking, isShut;
    const stay = () => {
      if (isShut) return;
      touched = Date.now();
      asked.close();
    };
    const check = async () => {
      const idle = (Date.now() - touched) / 1000;
      if (idle >= lock.dataset.warnAfter && !asked.open) asked.showModal();
      if (idle < lock.dataset.lockAfter || isLocking) return;
      isLocking = true;
      if (await fetch("/healthz", { cache: "no-store" }).then((reply) => reply.ok, () => false)) return lock.requestSubmit();
      isLocking = false;
      isShut = true;
      asked.classList.add("sheet--shut");
      one("#still-you-words").textContent = asked.dataset.offline;
    };
    addEventListener("keydown", stay, true);
    addEventListener("pointerdown", () => { if (!asked.open) touched = Date.now(); }, true);
    asked.addEventListener("click", stay); // not on the way down: the tap would go through to what lies beneath
    asked.addEventListener("close", () => { if (isShut) asked.showModal(); }); // Escape is no key to it
    on("visibilitychange", check);
    setInterval(check, 1000);
  }

  addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); }); // a page from memory is an old page
})();
