// SPDX-License-Identifier: BSD-2-Clause
// The journey of the chosen packet.

const LANE = 18;
// Steps that are shown at once: a journey can have 65,535.
const MOST_STEPS = 1500;
const nodes = new Map();
const journeyView = (index) => {
  const view = $("journey");
  view.replaceChildren();
  view.scrollTop = 0;
  if (index < 0) return;
  const journey = journeys[index];
  const back = make("button", { class: "back" }, "← packets");
  back.addEventListener("click", leave);
  const laneOf = lanesBy(journey);
  const lanes = [...new Set(journey[J.steps].filter(isHop).map(laneOf))];
  const legend = make("div", { class: "lane-names" }, ...lanes.map((lane) => {
    const name = make("span", { class: "lane-name" }, laneOf.title(lane));
    name.style.setProperty("--colour", colour(lane));
    return name;
  }));
  const steps = make("ol", { "aria-label": "Hops and snapshots" });
  let from = null, snapshot = null, next = 0;
  const tell = teller(), times = timesOf(journey), all = journey[J.steps];
  nodes.clear();
  const add = (to) => {
    for (; next < Math.min(to, all.length); next++) {
      const step = all[next], lane = isHop(step) ? laneOf(step) : from, time = times.get(step);
      const node = make("li", {}, times.size ? sinceView(time) : "",
        laneCell(lanes, from, lane, isHop(step)),
        isHop(step) ? hopView(step, journey, tell(step), time) : snapshotView(step, snapshot));
      nodes.set(step, node);
      steps.append(node);
      from = lane;
      if (!isHop(step)) snapshot = step;
    }
    if (next === all.length) rest.remove();
    else rest.textContent = `${all.length - next} more`;
  };
  const rest = make("button", { class: "rest" });
  rest.addEventListener("click", () => add(next + MOST_STEPS));
  add(MOST_STEPS);
  const about = make("div", { class: "about" }, `${clock(startOf(journey))} UTC · ${journey[J.form]} · ` +
    plural(journey[J.steps].filter(isHop).length, "hop") +
    (known(journey[J.duration]) ? ` in ${scaled(journey[J.duration])}` : ""));
  if (journey[J.origin] !== null) about.append(" · copy of ", goTo(journey[J.origin]));
  (copiesOf.get(journey[J.journey]) || []).forEach((copy, nth) => {
    about.append(nth ? ", " : " · copied to ", goTo(copy));
  });
  const notes = make("ul", { class: "notes", "aria-label": "What is missing" },
    ...journey[J.notes].map((note) => make("li", {}, note)));
  view.append(back, make("h2", {}, `#${journey[J.journey]}  ${journey[J.headline]}`), about,
    outcomeView(journey, "outcome"), journey[J.notes].length ? notes : "", axisView(journey, times, laneOf), legend, steps,
    next < all.length ? rest : "",
    outcomeView(journey, "outcome at-end"));
};
const outcomeView = (journey, kind) => {
  const outcome = journey[J.outcome], end = endOf(journey);
  if (!outcome) return "";
  const why = [];
  if (journey[J.reason]) {
    const told = journey[J.source] ? ` (${journey[J.source]})` : "";
    why.push(make("br"), `because: ${journey[J.reason]}${told}`);
  }
  if (journey[J.advice]) why.push(make("br"), `look at: ${journey[J.advice]}`);
  return end ? make("p", { class: kind }, endBadge(end), outcome.slice(end.length), ...why)
    : make("p", { class: kind }, outcome, ...why);
};
// Packet *number*, as a button that leads there if it is in the page.
const goTo = (number) => {
  if (!indexOf.has(number)) return `#${number}`;
  const button = make("button", { class: "go" }, `#${number}`);
  button.addEventListener("click", () => {
    if (viewing()) showView(null);
    if (!shown.includes(indexOf.get(number))) clearSearch();
    choose(indexOf.get(number), true);
  });
  return button;
};
