// SPDX-License-Identifier: BSD-2-Clause
// Journeys that end while the page is looked at: they come from where the page came from.

const state = (text, kind) => {
  $("live").textContent = text;
  $("live").className = kind;
};
let leftOut = 0, awaited = wantedNumber;
const take = (pieces) => {
  const from = journeys.length;
  for (const piece of pieces) {
    for (const [name, more] of Object.entries(piece.tables)) tables[name].push(...more);
    journeys.push(piece.row);
    enter(piece.row, journeys.length - 1);
  }
  // Whoever looks at the newest goes on doing so; any other stays where he is.
  const last = list.scrollTop + list.clientHeight >= rows.clientHeight - ROW / 2;
  meet(from);
  searchFrom(from);
  if (last && from) list.scrollTop = rows.clientHeight;
  draw();
  if (indexOf.has(awaited)) {
    choose(indexOf.get(awaited), true);
    awaited = null;
  } else if (chosen < 0 && shown.length) choose(shown[0], false);
  ask();
};
// Figures and graph are made of all journeys where these come from: asked for while one is in sight.
let figuresOf = 0, asking = false;
const refresh = (made) => {
  Object.assign(tables, { figures: made.figures, missing: made.missing });
  $("drawing").innerHTML = made.drawing;
  for (const view of VIEWS) {
    const { scrollLeft, scrollTop } = $(view);
    if ($(view).hidden) $(view).replaceChildren();
    else fill(view);
    $(view).scrollTo(scrollLeft, scrollTop);
  }
};
const ask = async () => {
  if (asking || !viewing() || figuresOf === journeys.length || ended) return;
  asking = true;
  const count = journeys.length;
  try {
    refresh(await (await fetch("figures")).json());
    figuresOf = count;
  } catch {
    state("no figures: the connection was lost", "odd");
  }
  setTimeout(() => { asking = false; ask(); }, 1000);
};
new MutationObserver(ask).observe(document.querySelector("main"),
  { subtree: true, attributeFilter: ["hidden"] });

let ended = false;
const told = () => leftOut ? `${leftOut} more had no room here` : "";
const source = new EventSource("journeys");
source.addEventListener("open", () => state("live", "on"));
source.addEventListener("message", (event) => {
  const { pieces, left_out } = JSON.parse(event.data);
  leftOut = left_out;
  state(told() || "live", leftOut ? "odd" : "on");
  take(pieces);
});
source.addEventListener("end", (event) => {
  source.close();
  ended = true;
  refresh(JSON.parse(event.data));
  state(["ended", told()].filter(Boolean).join(": "), leftOut ? "odd" : "off");
});
source.addEventListener("error", () => {
  if (!ended) state("the connection was lost", "odd");
});
