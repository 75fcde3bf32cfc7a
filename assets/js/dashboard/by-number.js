// The entries of counts, the highest first. Those that are equal keep their places, whatever comes and goes.
export function byNumber(counts) {
  return Object.entries(counts).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
}
