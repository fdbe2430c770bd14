/* Time in words: one timer for the page rewrites only what changes; the server's clock counts, not the tablet's.
   <time class="due" data-due data-soon> or data-here or data-waiting data-soon data-late, all in epoch ms. */
(() => {
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
  const words = JSON.parse(meta("time-words") ?? "null");
  if (!words) return;

  const ICONS = { calm: "clock", soon: "clock-alert", late: "alarm-clock", here: "map-pin" };
  const MINUTE = 60_000;
  let ahead = meta("server-now") ? meta("server-now") - Date.now() : 0;
  let timer;
  const now = () => Date.now() + ahead;

  function span(ms) {
    const minutes = Math.floor(Math.abs(ms) / MINUTE);
    const hours = Math.floor(minutes / 60);
    if (minutes < 1) return words.under;
    if (hours < 1) return words.minutes.replace("{n}", minutes);
    if (hours < 48) return words.hours.replace("{h}", hours).replace("{m}", String(minutes % 60).padStart(2, "0"));
    return words.days.replace("{d}", Math.floor(hours / 24));
  }

  /* What a chip says, its tail ("left"), and how pressing it is. */
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
    chip.classList.remove("due--calm", "due--soon", "due--late", "due--here");
    chip.classList.add(`due--${urgency}`);
    const use = chip.querySelector("use");
    use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#i-${ICONS[urgency]}`));
    const card = chip.closest(".task__top")?.parentElement;
    if (!card || card.dataset.urgency === "here") return;
    card.dataset.urgency = urgency;
    card.dispatchEvent(new CustomEvent("urgency", { bubbles: true }));
  }

  function tick() {
    const at = now();
    let next = (Math.floor(at / MINUTE) + 1) * MINUTE;
    for (const chip of document.querySelectorAll("time.due:is([data-due], [data-here], [data-waiting])")) {
      paint(chip, at);
      const { soon, late, due } = chip.dataset;
      for (const threshold of [soon, late, due]) if (threshold > at && threshold < next) next = +threshold;
    }
    for (const face of document.querySelectorAll("time.clock[data-zone]")) {
      put(face, new Intl.DateTimeFormat("en-GB", { timeZone: face.dataset.zone, hour: "2-digit", minute: "2-digit" }).format(at));
    }
    clearTimeout(timer);
    timer = setTimeout(tick, next - at + 20);
  }

  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const said = ctx.response?.headers.get("Server-Now");
    if (said) ahead = said - Date.now();
  });
  document.addEventListener("htmx:after:swap", tick);
  document.addEventListener("visibilitychange", tick);
  tick();
})();
