import { grouped } from "../dashboard/numbers.js"

const maxEntries = 300

// The log records of a live log, the newest first. Entries between them mark gaps: records that
// arrived and are not shown. A log is never changed: a paused page may still show it.
export const createLines = () => ({ entries: [], came: 0, begun: false, cleared: 0, gaps: 0 })

// Removes all entries. Removed entries do not come back when the page connects again.
export function clearLines(log) {
  return { ...log, entries: [], cleared: Math.max(log.cleared, ...log.entries.map(({ id = 0 }) => id)) }
}

// Adds what an event brings. A record may come again, with the same id. When a page connects again,
// the event is whole, and brings the newest records only.
export function addLines(log, { whole, lines, more = 0, at_least: atLeast = false }) {
  const known = new Set(log.entries.map(({ key }) => key))
  const fresh = lines.filter(({ id }) => !known.has(id) && id > log.cleared).map((line) => ({ ...line, key: line.id }))
  // There may be other records before them.
  const missed = whole && log.begun && fresh.length > 0 && fresh.length === lines.length
  const came = log.came + (log.begun ? fresh.length + more : 0)
  const gap = missed ? "Some records may be missing here, which a search finds" : wordsOfGap(more, atLeast)
  const gaps = log.gaps + (gap ? 1 : 0)
  const entries = [...fresh, ...(gap ? [{ gap, key: `gap ${gaps}` }] : []), ...log.entries]
  return { ...log, entries: entries.slice(0, maxEntries), came, begun: true, gaps }
}

function wordsOfGap(more, atLeast) {
  if (more === 0) return atLeast ? "Some records are missing here, which a search finds" : ""
  return `${atLeast ? "At least " : ""}${grouped(more)} more, which a search finds`
}
