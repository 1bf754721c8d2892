// SPDX-License-Identifier: BSD-2-Clause
// A hop: what can be opened, and what is in it.

const expandable = (kind, depth, title, aside, more, always) => {
  const button = make("button", { "aria-expanded": "false" }, ...title);
  const node = make("div", { class: `step ${kind}` });
  // On a narrow page deep nesting must leave room for the text.
  const deep = Math.min(depth, 30);
  node.style.marginLeft = `min(${deep * 16}px, ${deep * 1.5}%)`;
  node.append(aside.length ? make("div", { class: "line" }, button, ...aside) : button);
  if (always) node.append(always);
  button.addEventListener("click", () => toggle(button, more));
  button.openMore = more;
  return node;
};
const toggle = (button, more) => {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  const step = button.closest(".step");
  if (open) step.querySelector(".more").remove();
  else step.append(make("div", { class: "more" }, ...more()));
};
const link = (href, ...text) => make("a", { href, target: "_blank", rel: "noreferrer" }, ...text);
const hopView = (step, journey, said, time) => {
  const place = places[step[H.place]];
  const kind = { "+": "enter", "-": "leave" }[place[P.direction]] || "pass";
  const title = [make("span", { class: "name" }, labelOf(step))];
  if (said) title.push(make("span", { class: "about" }, said));
  const aside = [];
  if (place[P.file] !== null) {
    const text = `${place[P.file]}:${place[P.line]}`;
    const href = place[P.source] || place[P.editor];
    // A path may break behind a slash, and nowhere else.
    const broken = text.split(/(?<=\/)/).flatMap((part) => [part, make("wbr")]).slice(0, -1);
    aside.push(make("span", { class: "where" }, href ? link(href, ...broken) : make("span", {}, ...broken)));
  }
  if (time) aside.push(waitView(journey, time));
  return expandable(`hop ${kind}`, step[H.depth], title, aside, () => {
    const facts = make("dl", { class: "facts" });
    const fact = (name, ...value) => facts.append(make("dt", {}, name), make("dd", {}, ...value));
    fact("function", place[P.name]);
    fact("subsystem", nameOf(place[P.group]));
    if (place[P.file] !== null) fact("file", `${place[P.file]}:${place[P.line]}`);
    if (place[P.source]) fact("source", link(place[P.source], place[P.source]));
    if (place[P.editor]) fact("editor", link(place[P.editor], place[P.editor]));
    for (const [name, type] of tables.facts) {
      const value = step[H[name]];
      if (!known(value)) continue;
      fact(name, name === "time" ? `${clock(momentOf(journey, step))} UTC`
        : type === "string" ? words[value] : String(value));
    }
    const same = make("button", {}, "packets that pass here");
    same.addEventListener("click", () => searchFor(`label:${quoted(place[P.name])}`));
    fact("", same);
    const snippet = place[P.snippet] === null ? null : snippets[place[P.snippet]];
    return [facts, snippet ? snippetView(snippet, place[P.line]) : null];
  });
};
const snippetView = ([first, lines], here) => make("pre", {}, ...lines.flatMap((text, index) => {
  const number = first + index;
  return [make("span", { class: "at" }, `${String(number).padStart(6)}  `),
    number === here ? make("span", { class: "here" }, text) : text, "\n"];
}));
