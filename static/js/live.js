/* The page stays true by itself, and nothing moves under a finger. A card comes as <hx-partial hx-target="#board"
   hx-swap="card version:982"><li id="task-42" data-lane data-sort data-version data-urgency>…; data-lane="out" takes it off. */
(() => {
  const CALM_AFTER = 1500, AT_MOST = 5000, CHECK_EVERY = 5000, ASK_EVERY = 2000, MINUTE = 60_000;
  const one = (selector) => document.querySelector(selector);
  const on = (name, listen) => document.addEventListener(name, listen);
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const ring = (name) => document.dispatchEvent(new CustomEvent("sound", { detail: name }));

  const board = () => one("#board");
  const listOf = (lane) => lane && one(`#${CSS.escape(lane)} > .lane__list`);
  const version = (card) => +card.dataset.version || 0;
  const gone = new Map(); // a late, older push must not bring back a card that was handed over
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

  const inTurn = new Intl.Collator("en", { numeric: true }).compare;
  const bySort = (a, b) => inTurn(a.dataset.sort + a.id, b.dataset.sort + b.id);
  const move = (list, card, before) => (list.moveBefore ?? list.insertBefore).call(list, card, before); // the first keeps the focus

  function place() {
    for (const card of document.querySelectorAll("#board .task")) {
      const list = listOf(card.dataset.lane);
      if (!list) {
        gone.set(card.id, version(card));
        card.remove();
      } else if (card.parentElement !== list) move(list, card, null);
    }
    for (const list of document.querySelectorAll("#board .lane__list")) {
      [...list.querySelectorAll(".task")].sort(bySort).forEach((card, turn) => {
        const there = list.children[turn];
        if (there !== card) move(list, card, there);
        card.classList.toggle("task--compact", turn > 0 && card.dataset.urgency === "calm");
      });
    }
  }

  /* The focus stays, or goes to the next card: never back to the top of the page. */
  let held;
  on("htmx:before:swap", ({ detail: { ctx } }) => {
    isPush = !ctx.request;
    const element = document.activeElement;
    if (element === document.body) return;
    const card = element?.closest(".task");
    const cards = card ? [...card.parentElement.children] : [];
    const at = cards.indexOf(card);
    held ??= [element, ...cards.slice(at), ...cards.slice(0, at).reverse()];
  });

  function giveFocusBack() {
    const [element, ...heirs] = held ?? [];
    held = null;
    const isThere = (each) => each?.isConnected && each.checkVisibility();
    if (!element || (document.activeElement !== document.body && isThere(document.activeElement))) return;
    [element, ...heirs.map((card) => card.querySelector("a[href]")), one("#main")].find(isThere)?.focus({ preventScroll: true });
  }

  /* One lane at a time on a narrow screen. */
  const look = document.documentElement.dataset; // what look.js has kept
  function show(lane) {
    if (!board() || !listOf(lane)) return;
    board().dataset.lane = lane;
    for (const tab of document.querySelectorAll(".board__tabs a")) tab.ariaCurrent = tab.hash === `#${lane}` ? "true" : null;
  }
  on("click", (event) => {
    const tab = event.target.closest(".board__tabs a");
    if (!tab) return;
    event.preventDefault();
    keep("lane", tab.hash.slice(1));
    show(look.lane);
  });

  /* What others do waits until the hand is away; a customer who is here does not. */
  let touchedAt = 0, isDown = false, urgent = 0;
  for (const name of ["pointerdown", "pointerup", "pointercancel", "keydown", "wheel"]) {
    addEventListener(name, () => {
      touchedAt = Date.now();
      if (name.startsWith("pointer")) isDown = name === "pointerdown";
    }, { capture: true, passive: true });
  }
  async function handsOff() {
    const since = Date.now();
    while (!urgent && (isDown || Date.now() - touchedAt < CALM_AFTER) && Date.now() - since < AT_MOST) await pause(100);
  }

  /* Catching up: at every (re)connection, when looked at again, and while the socket is down. */
  let catching;
  function catchUp() {
    catching ??= (async () => {
      await handsOff();
      for (const part of document.querySelectorAll("[data-refresh]")) {
        const { refresh, version: since } = part.dataset;
        await htmx.ajax("GET", refresh + since, { target: part, swap: "outerMorph" });
      }
    })().catch(() => {}).finally(() => { catching = null; });
    return catching;
  }

  /* The last of many changes counts, and none is missed that comes while one is asked for. */
  const signal = one("#region-version");
  let isDue;
  if (signal) new MutationObserver(async () => {
    if (isDue) return;
    isDue = true;
    await Promise.all([pause(ASK_EVERY), catching]);
    isDue = false;
    catchUp();
  }).observe(signal, { childList: true, characterData: true, subtree: true });

  /* The connection, in words. */
  const link = one("#link"), notice = one("#notice");
  let isOpen = false, isDownSince, checking;
  function say(state) {
    if (!link || link.dataset[state] === link.textContent) return;
    link.className = `link link--${state}`;
    link.textContent = link.dataset[state];
    notice.hidden = state !== "off";
    notice.querySelector("span").textContent = state === "off" ? notice.dataset.off.replace("{}", isDownSince) : "";
  }
  async function check() {
    const reached = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(3000) }).then((reply) => reply.ok, () => false);
    if (isOpen) return;
    say(reached ? "slow" : "off");
    if (reached) await catchUp();
    checking = setTimeout(check, CHECK_EVERY);
  }

  const isUrgent = (data) => data.includes('data-urgency="here"');
  on("htmx:ws:after:connection", ({ detail: { connection } }) => {
    isOpen = true;
    checking = isDownSince = clearTimeout(checking);
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
  on("htmx:ws:before:message:incoming", ({ detail }) => detail.waitUntil(Promise.resolve(catching).then(handsOff)));
  on("htmx:ws:after:message:incoming", ({ detail: { message } }) => { if (isUrgent(message.data)) urgent -= 1; });

  /* Time in words: one timer rewrites only what changes; the server's clock counts, not the tablet's. */
  const meta = (name) => one(`meta[name="${name}"]`).content;
  const words = JSON.parse(meta("time-words"));
  const ICONS = { calm: "clock", soon: "clock-alert", late: "alarm-clock", here: "map-pin" };
  let ahead = meta("server-now") - Date.now();

  function span(ms) {
    const minutes = Math.floor(Math.abs(ms) / MINUTE);
    const hours = Math.floor(minutes / 60);
    if (minutes < 1) return words.under;
    if (hours < 1) return words.minutes.replace("{n}", minutes);
    if (hours < 48) return words.hours.replace("{h}", hours).replace("{m}", String(minutes % 60).padStart(2, "0"));
    return words.days.replace("{d}", Math.floor(hours / 24));
  }

  function reading({ due, here, waiting, soon, late }, at) {
    if (here) return [at - here < MINUTE ? words.here_now : `${words.here} ${span(at - here)}`, "", "here"];
    const urgency = at >= (late ?? due) ? "late" : at >= soon ? "soon" : "calm";
    if (waiting) return [span(at - waiting), "", urgency];
    const left = due - at;
    if (left < 0) return [`${span(left)} ${words.late}`, "", urgency];
    return [span(left), left >= MINUTE && left < 60 * MINUTE ? ` ${words.left}` : "", urgency];
  }

  const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

  function paint(chip, at) {
    const [said, tail, urgency] = reading(chip.dataset, at);
    const [first, second] = chip.querySelectorAll("span");
    put(first, said);
    put(second, tail);
    if (chip.classList.contains(`due--${urgency}`)) return;
    chip.className = chip.className.replace(/due--\w+/, `due--${urgency}`);
    const use = chip.querySelector("use");
    use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#i-${ICONS[urgency]}`));
    const card = chip.closest(".task__top")?.parentElement;
    if (!card || card.dataset.urgency === "here") return;
    card.dataset.urgency = urgency;
    handsOff().then(place);
  }

  function tick() {
    const at = Date.now() + ahead;
    for (const chip of document.querySelectorAll("time.due:is([data-due], [data-here], [data-waiting])")) paint(chip, at);
    for (const face of document.querySelectorAll("time.clock[data-zone]")) {
      put(face, new Date(at).toLocaleTimeString("en-GB", { timeZone: face.dataset.zone, hour: "2-digit", minute: "2-digit" }));
    }
  }

  on("htmx:after:request", ({ detail: { ctx } }) => {
    const said = ctx.response?.headers.get("Server-Now");
    if (said) ahead = said - Date.now();
  });
  setInterval(tick, CHECK_EVERY);

  on("htmx:after:swap", () => {
    tick();
    show(look.lane);
    place();
    giveFocusBack();
  });
  on("visibilitychange", () => {
    tick();
    if (!document.hidden) catchUp();
  });
  tick();
  show(location.hash.slice(1) || look.lane);
  place();
})();
