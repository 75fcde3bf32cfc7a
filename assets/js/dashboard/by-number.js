// The entries of counts, the highest first; last is the key that comes after all. Those that are
// equal keep their places, whatever comes and goes.
export function byNumber(counts, last) {
  return Object.entries(counts).sort(([a, m], [b, n]) => (a === last) - (b === last) || n - m || (a < b ? -1 : 1))
}
