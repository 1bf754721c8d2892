// SPDX-License-Identifier: BSD-2-Clause
// The journey of the chosen packet.

const LANE = 18;
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
  let from = null, snapshot = null;
  const tell = teller();
  journey[J.steps].forEach((step) => {
    const lane = isHop(step) ? laneOf(step) : from;
    steps.append(make("li", {}, laneCell(lanes, from, lane, isHop(step)),
      isHop(step) ? hopView(step, journey, tell(step)) : snapshotView(step, snapshot)));
    from = lane;
    if (!isHop(step)) snapshot = step;
  });
  const about = make("div", { class: "about" }, `${clock(startOf(journey))} UTC · ${journey[J.form]} · ` +
    plural(journey[J.steps].filter(isHop).length, "hop"));
  if (journey[J.origin] !== null) about.append(" · copy of ", goTo(journey[J.origin]));
  (copiesOf.get(journey[J.journey]) || []).forEach((copy, nth) => {
    about.append(nth ? ", " : " · copied to ", goTo(copy));
  });
  const notes = make("ul", { class: "notes", "aria-label": "What is missing" },
    ...journey[J.notes].map((note) => make("li", {}, note)));
  view.append(back, make("h2", {}, `#${journey[J.journey]}  ${journey[J.headline]}`), about,
    outcomeView(journey, "outcome"), journey[J.notes].length ? notes : "", legend, steps,
    outcomeView(journey, "outcome at-end"));
};
const outcomeView = (journey, kind) => {
  const outcome = journey[J.outcome], end = endOf(journey);
  if (!outcome) return "";
  return end ? make("p", { class: kind }, endBadge(end), outcome.slice(end.length))
    : make("p", { class: kind }, outcome);
};
// Packet *number*, as a button that leads there if it is in the page.
const goTo = (number) => {
  if (!indexOf.has(number)) return `#${number}`;
  const button = make("button", { class: "go" }, `#${number}`);
  button.addEventListener("click", () => {
    if (!shown.includes(indexOf.get(number))) clearSearch();
    choose(indexOf.get(number), true);
  });
  return button;
};
