// SPDX-License-Identifier: BSD-2-Clause
// Which packets are shown.

const haystacks = [];
const haystack = (index) => {
  if (haystacks[index]) return haystacks[index];
  const labels = [], files = [], changes = [], passed = new Set();
  const seen = { proc: new Set(), if: new Set(), vnet: new Set(), thread: new Set(), rule: new Set() };
  const see = (where, value) => { if (known(value)) seen[where].add(value); };
  for (const step of journeys[index][J.steps]) {
    if (isHop(step)) {
      const place = places[step[H.place]];
      labels.push(labelOf(step));
      if (place[P.file] !== null) files.push(`${place[P.file]}:${place[P.line]}`);
      passed.add(place[P.group]);
      see("proc", word(step, H.process));
      see("if", word(step, H.interface));
      see("vnet", word(step, H.vnet));
      see("thread", word(step, H.thread));
      see("rule", word(step, H.rule));
    } else if (step[S.changes]) {
      changes.push(...step[S.changes][0]);
    }
  }
  const text = (parts) => parts.join("\n").toLowerCase();
  const journey = journeys[index];
  if (journey[J.rule]) seen.rule.add(journey[J.rule]);
  const made = { label: text(labels), file: text(files), change: text(changes), passed,
    changed: changes.length > 0, vnets: seen.vnet, outcome: journey[J.outcome].toLowerCase(),
    reason: journey[J.reason].toLowerCase(),
    note: text(journey[J.notes]), copy: journey[J.origin] === null ? "" : `#${journey[J.origin]}` };
  for (const [name, values] of Object.entries(seen)) made[name] = text([...values]);
  made.all = [journey[J.headline].toLowerCase(), made.label, made.file, made.change, made.outcome,
    made.reason, made.rule, made.note, made.proc, made.if, made.vnet].join("\n");
  return (haystacks[index] = made);
};
const NS = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
// With * or ? the whole of it has to match, as with --filter; else a part is enough.
const matching = (pattern) => {
  if (!/[*?]/.test(pattern)) return (text) => text.includes(pattern);
  const parts = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  const whole = new RegExp(`^(?:.*/)?${parts}$`, "s");
  return (text) => text.split("\n").some((line) => whole.test(line) ||
    whole.test(line.replace(/\(.*|:\d+$|\[\d+\]$/s, "")) || whole.test(line.replace(/:.*/s, "")));
};
const wants = (word) => {
  const found = /^(label|function|file|change|outcome|reason|rule|note|vnet|proc|if|thread):(.+)$/.exec(word);
  if (found) {
    const kind = found[1] === "function" ? "label" : found[1], matches = matching(found[2]);
    return (index) => matches(haystack(index)[kind]);
  }
  const latency = /^latency:([<>]?)(\d+(?:\.\d*)?|\.\d+)(ns|us|ms|s)$/.exec(word);
  if (latency) {
    const limit = Number(latency[2]) * NS[latency[3]];
    return (index) => known(journeys[index][J.duration]) &&
      (latency[1] === "<") === (journeys[index][J.duration] < limit);
  }
  if (/^#\d+$/.test(word)) return (index) => `#${journeys[index][J.journey]}` === word;
  if (/^copy:#?\d+$/.test(word)) {
    return (index) => haystack(index).copy === word.replace(/^copy:#?/, "#");
  }
  if (word === "copy") return (index) => haystack(index).copy !== "";
  if (word === "changed") return (index) => haystack(index).changed;
  return (index) => haystack(index).all.includes(word);
};
// Words end at spaces, but for those in quotes: vnet:"the router".
const wordsOf = (text) => (text.toLowerCase().match(/(?:[^\s"]|"[^"]*"?)+/g) || [])
  .map((word) => word.replaceAll('"', "")).filter(Boolean);
const quoted = (text) => text.includes('"') ? text.split(/[\s"]/).find(Boolean) || ""
  : /\s/.test(text) ? `"${text}"` : text;
const onlyGroups = new Set(), onlyVnets = new Set(), onlyEnds = new Set();
let shown = [], conditions = [];
// Look at the packets from number *from* on; those before were looked at.
const searchFrom = (from) => {
  for (let index = from; index < journeys.length; index++) {
    if (conditions.every((matches) => matches(index))) shown.push(index);
  }
  $("count").textContent = shown.length === journeys.length
    ? plural(journeys.length, "packet") : `${shown.length} of ${plural(journeys.length, "packet")}`;
  rows.style.height = `${shown.length * ROW}px`;
};
const search = () => {
  conditions = wordsOf($("search").value).map(wants);
  for (const group of onlyGroups) conditions.push((index) => haystack(index).passed.has(group));
  for (const vnet of onlyVnets) conditions.push((index) => haystack(index).vnets.has(vnet));
  if (onlyEnds.size) conditions.push((index) => onlyEnds.has(endOf(journeys[index])));
  shown = [];
  searchFrom(0);
  list.scrollTop = 0;
  if (!shown.includes(chosen)) choose(shown.length ? shown[0] : -1, false);
  draw();
};
