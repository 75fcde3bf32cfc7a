import { createKeyed } from "../dashboard/keyed.js"
import { grouped } from "../dashboard/numbers.js"
import { setText } from "../dashboard/paint.js"
import { secondOf, zoneOf } from "../moment.js"
import { ask } from "./ask.js"
import { addLines, clearLines, createLines } from "./lines.js"
import { momentOfLine } from "./words.js"

const maxFound = 1000 // lines of a search on the page

// The logs of devices: live, or the results of a search. The live log can be paused.
export function createLog(panel, channel, choice) {
  const find = (name) => panel.querySelector(`[data-${name}]`)
  const [title, zone, pause, clear, live, search, status, empty, older] = [
    "title",
    "zone",
    "pause",
    "clear",
    "live",
    "search",
    "status",
    "empty",
    "older",
  ].map(find)
  const heading = panel.querySelector("h2")
  const show = createKeyed(panel.querySelector("ol"), panel.querySelector("template"), bind)
  const button = search.querySelector("[type=submit]")
  let lines = createLines() // that have arrived
  let shown = null // those before the pause; null while there is none
  let found = null // { query, since, entries, older } of a search; null while the log is live
  let searches = 0 // the answer to an older one is ignored

  // A line never changes. The day of its moment may be over.
  function bind(row) {
    const [time, device, message, fields] = ["time", "device", "message", "fields"].map((part) =>
      row.querySelector(`[data-${part}]`),
    )
    let day = ""
    return (line) => {
      const now = new Date()
      if (day === now.toDateString()) return
      day = now.toDateString()
      if (line.gap) {
        row.dataset.gap = ""
        setText(message, line.gap)
        return
      }
      const at = new Date(line.at)
      const more = `${found && line.timestamp ? `timestamp ${line.timestamp} ` : ""}${line.fields ?? ""}`
      setText(time, momentOfLine(at, now))
      time.dateTime = at.toISOString()
      time.title = secondOf(at)
      setText(device, line.name)
      setText(message, line.message + (line.cut && !more ? "…" : ""))
      setText(fields, more + (line.cut && more ? "…" : ""))
    }
  }

  function paint() {
    const { entries } = found ?? shown ?? lines
    show(entries.map((entry) => [entry.key, entry]))
    panel.toggleAttribute("data-one", choice.id !== 0)
    setText(title, found ? "Search results" : choice.id ? "What it says" : "What devices say")
    setText(zone, zoneOf(new Date()))
    pause.hidden = clear.hidden = Boolean(found)
    live.hidden = !found
    older.hidden = !found?.older || entries.length >= maxFound
    const held = shown ? lines.came - shown.came : 0
    pause.setAttribute("aria-pressed", String(shown !== null))
    setText(pause, shown ? (held > 0 ? `Go on (${grouped(held)} new)` : "Go on") : "Pause")
    setText(
      empty,
      found ? "" : lines.begun ? "Nothing yet. Log records are shown here as they arrive." : "Waiting for the log…",
    )
    empty.hidden = Boolean(found) || entries.length > 0
  }

  // Ends a search, whether or not it was answered.
  function stopSearching() {
    searches += 1
    button.disabled = older.disabled = false
    setText(status, "")
  }

  // Another device is shown: its own lines, or its own results.
  function restart() {
    const searching = found ?? (button.disabled ? {} : null)
    stopSearching()
    lines = createLines()
    shown = found = null
    paint()
    if (searching) start()
  }

  function start() {
    const { text, seconds } = search.elements
    const query = { device: choice.id, text: text.value.trim(), seconds: Number(seconds.value) }
    look({ query, since: seconds.selectedOptions[0].textContent, entries: [] })
  }

  // Searches, or loads the next page of a search.
  async function look({ query, since, entries, older: before = "" }) {
    const mine = ++searches
    button.disabled = older.disabled = true
    setText(status, "Searching…")
    try {
      const answer = await ask(channel, "search", { ...query, before })
      if (mine !== searches) return
      // A live line with this id may be cut.
      const next = answer.lines.map((line) => ({ ...line, key: `found ${line.id}` }))
      found = { query, since, entries: [...entries, ...next], older: answer.older }
      setText(status, wordsOfFound(found.entries.length, found.older, since))
      paint()
    } catch (error) {
      if (mine === searches) setText(status, error.message)
    }
    if (mine === searches) button.disabled = older.disabled = false
  }

  channel.on("logs", (event) => {
    if (event.device !== choice.id) return
    lines = addLines(lines, event)
    if (!found) paint()
  })
  choice.follow(restart)
  pause.addEventListener("click", () => {
    shown = shown ? null : lines
    paint()
  })
  clear.addEventListener("click", () => {
    lines = clearLines(lines)
    if (shown) shown = lines
    paint()
  })
  live.addEventListener("click", () => {
    search.elements.text.value = ""
    stopSearching()
    found = null
    paint()
  })
  search.addEventListener("submit", (event) => {
    event.preventDefault()
    start()
  })
  older.addEventListener("click", () => look(found))
  paint()

  return { panel, heading }
}

export function wordsOfFound(count, older, since) {
  const within = since === "All" ? "" : ` in the ${since.toLowerCase()}`
  if (count === 0) return `No record was found${within}.`
  if (older) return `The newest ${grouped(count)} records are shown. There are more${within}.`
  return count === 1 ? `One record was found${within}.` : `${grouped(count)} records were found${within}.`
}
