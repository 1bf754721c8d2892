// SPDX-License-Identifier: BSD-2-Clause
// Times. A journey's is text, for a number has no room for it; those of hops are ns after it.

const startOf = (journey) => journey[J.start] === null ? null : BigInt(journey[J.start]);
const momentOf = (journey, step) => {
  const start = startOf(journey);
  return start === null || !known(step[H.time]) ? null : start + BigInt(step[H.time]);
};
const clock = (time) => {
  if (time === null) return "-";
  const second = 1000000000n, fraction = ((time % second) + second) % second;
  const date = new Date(Number((time - fraction) / second) * 1000);
  const digits = String(fraction).padStart(9, "0");
  if (Number.isNaN(date.getTime())) return `${(time - fraction) / second}.${digits}`;
  return `${date.toISOString().slice(0, -5).replace("T", " ")}.${digits}`;
};
// Three digits, and the unit that fits: as dtkit trace show has it.
const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "us"]];
const scaled = (ns) => {
  const sign = ns < 0 ? "-" : "", size = Math.abs(ns);
  for (const [unit, name] of UNITS) {
    if (size < unit * 0.9995) continue;
    const value = size / unit, digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return `${sign}${value.toFixed(digits)} ${name}`;
  }
  return `${sign}${size.toFixed(0)} ns`;
};
// Of hops with times: when each was after the first of them, and after the one before it.
const timesOf = (journey) => {
  const at = new Map();
  let first = null, last = null;
  for (const step of journey[J.steps]) {
    if (!isHop(step) || !known(step[H.time])) continue;
    first ??= step[H.time];
    at.set(step, { since: step[H.time] - first, wait: last === null ? null : step[H.time] - last });
    last = step[H.time];
  }
  return at;
};
// What is to say of where a hop was: what is new since the hop before.
const TOLD = [["cpu", "cpu "], ["thread", "thread "], ["process", ""], ["interface", ""],
  ["vnet", "vnet "]];
const teller = () => {
  const last = {};
  return (step) => {
    const said = [];
    for (const [name, before] of TOLD) {
      const value = name === "cpu" ? step[H.cpu] : word(step, H[name]);
      if (!known(value)) continue;
      if (value !== last[name]) said.push(before + value);
      last[name] = value;
    }
    return said.join(", ");
  };
};
