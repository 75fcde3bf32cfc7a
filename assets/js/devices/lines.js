const most = 300 // entries that are kept

// The lines that have come, the newest first. Between them stand gaps: lines that came too, and are not shown.
export const createLines = () => ({ entries: [], came: 0 })

// Adds what an event brings. What was known may come again, by the same id. It changes nothing that it was given: somebody
// may show that still.
export function addLines({ entries, came }, { whole, lines, more = 0 }) {
  const known = new Set(whole ? [] : entries.map(({ key }) => key))
  const fresh = lines.filter(({ id }) => !known.has(id)).map((line) => ({ ...line, key: line.id }))
  const total = came + (whole ? 0 : fresh.length + more)
  const gap = more > 0 ? [{ gap: more, key: `gap ${total}` }] : []
  return { entries: [...fresh, ...gap, ...(whole ? [] : entries)].slice(0, most), came: total }
}
