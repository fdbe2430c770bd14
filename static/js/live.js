/* The board stays true by itself, and nothing moves under a finger. A card that is new, changed, moved or (data-lane="out") gone comes as
   <hx-partial hx-target="#board" hx-swap="card version:982"><li id="task-42" data-lane data-sort data-version data-urgency>…</li></hx-partial>,
   a header piece as an innerMorph partial. */
(() => {
  const CALM_AFTER = 1500, AT_MOST = 5000, AWAY_FOR = 60_000, CHECK_EVERY = 5000;
  const one = (selector) => document.querySelector(selector);
  const on = (name, listen, capture) => document.addEventListener(name, listen, capture);
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const ring = (name) => document.dispatchEvent(new CustomEvent("sound", { detail: name }));

  const board = () => one("#board");
  const listOf = (lane) => lane && one(`#${CSS.escape(lane)} > .lane__list`);
  const version = (card) => +card.dataset.version || 0;
  const gone = new Map(); // id → version: a late, older push must not bring back a card that was handed over
  let api, isPush;

  function upsert(fresh) {
    const { id, dataset: { lane, urgency } } = fresh;
    const here = document.getElementById(id);
    if (version(fresh) < (here ? version(here) : gone.get(id) ?? 0)) return null;
    if (isPush && urgency === "here" && here?.dataset.urgency !== "here") ring("here");
    if (here) {
      const draft = new DocumentFragment();
      draft.append(fresh);
      api.morph(here, draft, false);
      return here;
    }
    if (!listOf(lane)) return gone.set(id, version(fresh)) && null;
    if (isPush && lane === "new") ring("new");
    listOf(lane).append(fresh);
    return fresh;
  }

  htmx.registerExtension("cards", {
    init: (internals) => { api = internals; },
    handle_swap(style, target, fragment, spec) {
      if (style !== "card") return false;
      if (spec.version > version(target)) target.dataset.version = spec.version;
      return [...fragment.children].map(upsert).filter(Boolean);
    },
    htmx_before_morph_node: (old, { newNode }) => !(old.matches?.(".task") && version(newNode) < version(old)),
  });

  const bySort = (a, b) => (a.dataset.sort === b.dataset.sort ? a.id.localeCompare(b.id, "en", { numeric: true }) : a.dataset.sort < b.dataset.sort ? -1 : 1);
  const move = (list, card, before) => (list.moveBefore && card.isConnected ? list.moveBefore(card, before) : list.insertBefore(card, before));

  function arrange(list) {
    const cards = [...list.children].filter((child) => child.matches(".task")).sort(bySort);
    let next = list.querySelector(":scope > .task");
    cards.forEach((card, place) => {
      if (card === next) do next = next.nextElementSibling; while (next && !next.matches(".task"));
      else move(list, card, next);
      card.classList.toggle("task--compact", place > 0 && card.dataset.urgency === "calm");
    });
  }

  function place() {
    for (const card of board()?.querySelectorAll(".task") ?? []) {
      const list = listOf(card.dataset.lane);
      if (!list) {
        gone.set(card.id, version(card));
        card.remove();
      } else if (card.parentElement !== list) move(list, card, null);
    }
    board()?.querySelectorAll(".lane__list").forEach(arrange);
  }

  /* The focus stays, or goes to the next card: never back to the top of the page. */
  let held;
  on("htmx:before:swap", ({ detail: { ctx } }) => {
    isPush = !ctx.request;
    const element = document.activeElement;
    if (!element || element === document.body) return;
    const card = element.closest(".task");
    const cards = card ? [...card.parentElement.children] : [];
    const at = cards.indexOf(card);
    held ??= { element, heirs: card ? [card, ...cards.slice(at + 1), ...cards.slice(0, at).reverse()] : [] };
  });

  function giveFocusBack() {
    if (!held) return;
    const { element, heirs } = held;
    held = null;
    const isThere = (each) => each?.isConnected && each.checkVisibility();
    if (isThere(element)) return element === document.activeElement || element.focus({ preventScroll: true });
    if (isThere(document.activeElement) && document.activeElement !== document.body) return;
    const heir = heirs.map((card) => card.querySelector("a[href]")).find(isThere) ?? one("#main");
    heir?.focus({ preventScroll: true });
  }

  /* One lane at a time on a narrow screen. */
  const look = document.documentElement.dataset;
  function show(lane) {
    if (!board() || !listOf(lane)) return;
    board().dataset.lane = lane;
    for (const tab of board().querySelectorAll(".board__tabs a")) tab.ariaCurrent = tab.hash === `#${lane}` ? "true" : null;
  }
  on("click", (event) => {
    const tab = event.target.closest(".board__tabs a");
    if (!tab) return;
    event.preventDefault();
    keep("lane", tab.hash.slice(1));
    show(look.lane);
  });

  on("htmx:after:swap", () => {
    show(look.lane);
    place();
    giveFocusBack();
  });
  show(location.hash.slice(1) || look.lane);
  place();

  /* What others do waits until the hand is away; a customer who is here does not. */
  let touchedAt = -Infinity, isDown = false, urgent = 0;
  const touch = ({ type }) => {
    touchedAt = performance.now();
    if (type.startsWith("pointer")) isDown = type === "pointerdown";
  };
  for (const name of ["pointerdown", "pointerup", "pointercancel", "keydown", "wheel"]) addEventListener(name, touch, { capture: true, passive: true });
  async function handsOff() {
    const since = performance.now();
    while (!urgent && (isDown || performance.now() - touchedAt < CALM_AFTER) && performance.now() - since < AT_MOST) await pause(100);
  }
  on("urgency", () => handsOff().then(place));

  /* Catching up: at every (re)connection, after a long absence, and while the socket is down. */
  let catching = null;
  function catchUp() {
    catching ??= (async () => {
      await handsOff();
      for (const part of document.querySelectorAll("[data-refresh]")) {
        const { refresh, version: since } = part.dataset;
        await htmx.ajax("GET", `${refresh}${refresh.includes("?") ? "&" : "?"}since=${since ?? ""}`, { target: part, swap: "outerMorph" });
      }
    })().catch(() => {}).finally(() => { catching = null; });
    return catching;
  }

  /* The connection, in words. */
  const link = one("#link"), notice = one("#notice");
  let isOpen = false, isDownSince = null, hiddenAt = Infinity, checking;
  function say(state) {
    if (!link || link.dataset[state] === link.textContent) return;
    link.className = `link link--${state}`;
    link.textContent = link.dataset[state];
    notice.hidden = state !== "off";
    notice.querySelector("span").textContent = state === "off" ? notice.dataset.off.replace("{}", isDownSince) : "";
  }
  async function check() {
    if (isOpen) return;
    const reached = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(3000) }).then((reply) => reply.ok, () => false);
    if (isOpen) return;
    say(reached ? "slow" : "off");
    if (reached) await catchUp();
    checking = setTimeout(check, CHECK_EVERY);
  }

  on("htmx:ws:after:connection", ({ detail: { connection } }) => {
    isOpen = true;
    isDownSince = null;
    clearTimeout(checking);
    checking = null;
    say("live");
    connection.socket.addEventListener("message", ({ data }) => { if (isUrgent(data)) urgent += 1; });
    catchUp();
  });
  on("htmx:ws:close", ({ detail: { code } }) => {
    isOpen = false;
    if (code === 4401) return location.reload();
    isDownSince ??= one("time.clock")?.textContent ?? "";
    if (checking) return;
    say("wait");
    checking = setTimeout(check, CHECK_EVERY);
  });

  const isUrgent = (data) => typeof data === "string" && data.includes('data-urgency="here"');
  on("htmx:ws:before:message:incoming", ({ detail }) => detail.waitUntil(Promise.resolve(catching).then(handsOff)));
  on("htmx:ws:after:message:incoming", ({ detail: { message } }) => { if (isUrgent(message.data)) urgent -= 1; });

  on("visibilitychange", () => {
    if (document.hidden) hiddenAt = performance.now();
    else if (performance.now() - hiddenAt > AWAY_FOR) catchUp();
  });
})();
