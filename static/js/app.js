/* Between a tap and its answer. On a form: data-key (the intent), data-wait ("Handing off…"); data-card on what steps back meanwhile. */
(() => {
  const one = (selector) => document.querySelector(selector);
  const on = (name, listen, capture) => document.addEventListener(name, listen, capture);

  const refusal = one("#refusal");
  const refuse = (words) => { if (refusal) refusal.textContent = words; };
  const csrf = () => one('meta[name="csrf-token"]')?.content ?? "";
  const anyKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  /* Every write says whose it is and which intent it is: a second try never does it twice. */
  on("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.request.method === "GET") return;
    ctx.request.headers["X-CSRFToken"] = csrf();
    ctx.request.headers["Idempotency-Key"] = ctx.sourceElement.closest("[data-key]")?.dataset.key ?? anyKey();
    refuse("");
  });

  /* Pending, in the same frame as the tap; given back whatever the answer. */
  const inFlight = new Map();
  on("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (inFlight.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const button = event.submitter ?? form.querySelector("button:not([type=button])");
    const card = form.closest(".task, [data-card]") ?? form;
    inFlight.set(form, { card, button, label: button?.innerHTML });
    card.classList.add("pending");
    if (form.dataset.wait && button) {
      button.setAttribute("aria-busy", "true");
      button.textContent = form.dataset.wait;
    }
    if (!form.hasAttribute("hx-post") && !form.elements.csrf_token) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "csrf_token", value: csrf() }));
    }
  }, true);
  on("htmx:finally:request", ({ detail: { ctx: { sourceElement: form } } }) => {
    const { card, button, label } = inFlight.get(form) ?? {};
    inFlight.delete(form);
    card?.classList.remove("pending");
    if (!button?.hasAttribute("aria-busy")) return;
    button.removeAttribute("aria-busy");
    button.innerHTML = label;
  });

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
  on("htmx:after:swap", () => { if (!refusal?.textContent.trim()) refuse(""); });

  /* The second half of a double tap must not hit what has just slid under the finger. */
  let last = { at: -Infinity };
  on("click", (event) => {
    const { target, detail, pointerType, timeStamp: at, clientX: x, clientY: y } = event;
    const control = target.closest("a, button, label");
    if (!control) return;
    const what = control.form?.getAttribute("action") ?? control.getAttribute("href") ?? control;
    const isSecond = (detail > 1 || (pointerType && pointerType !== "mouse")) && at - last.at < 500;
    if (isSecond && Math.hypot(x - last.x, y - last.y) < 30 && what !== last.what) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else last = { at, x, y, what };
  }, true);

  /* Dialogs; without scripts the same links lead to pages. */
  on("click", (event) => {
    const near = (selector) => event.target.closest(selector);
    const dialog = document.getElementById(near("[data-dialog]")?.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
    if (near("[data-close]")) near("dialog")?.close();
    if (near("[data-dismiss]")) refuse("");
  });

  /* Idle: asked first, then locked. With no connection the screen stays covered until the lock can be told. */
  const lock = one("form[data-lock-after]");
  const asked = one("#still-you");
  if (lock && asked) {
    let touched = Date.now(), isLocking = false, isShut = false;
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

  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // a page from memory is an old page
})();
