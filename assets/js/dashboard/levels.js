// The level of a count, as shoppers see it.
export function levelOf(available, { medium, high }) {
  if (available <= 0) return "out"
  if (available < medium) return "low"
  return available < high ? "medium" : "high"
}

// How many of a hundred pairs are left; the last one is seen too.
export function shareOf({ available, sold }) {
  return available <= 0 ? 0 : Math.max(1, Math.floor((100 * available) / (available + sold)))
}
