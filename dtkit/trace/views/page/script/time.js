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
// What is to say of when and where a hop was: what is new since the hop before.
const teller = () => {
  const last = {};
  return (step) => {
    const said = [];
    if (known(step[H.time])) {
      said.push(`+${((step[H.time] - (last.time ?? step[H.time])) / 1000).toFixed(3)} us`);
      last.time = step[H.time];
    }
    if (known(step[H.cpu])) said.push(`cpu ${step[H.cpu]}`);
    for (const [name, before] of [["thread", "thread "], ["process", ""], ["interface", ""], ["vnet", "vnet "]]) {
      const value = word(step, H[name]);
      if (value !== null && value !== last[name]) said.push(before + value);
      if (value !== null) last[name] = value;
    }
    return said.join(", ");
  };
};
