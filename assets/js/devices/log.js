import { createKeyed } from "../dashboard/keyed.js"
import { grouped } from "../dashboard/numbers.js"
import { setText } from "../dashboard/paint.js"
import { momentOf, zoneOf } from "../moment.js"
import { ask } from "./ask.js"
import { addLines, createLines } from "./lines.js"
import { momentOfLine } from "./words.js"

const mostFound = 1000 // lines of a search on the page

// What devices say: live, or what a search has found. Live, it may stand still while somebody reads.
export function createLog(panel, channel, choice) {
  const find = (name) => panel.querySelector(`[data-${name}]`)
  const [title, zone, pause, clear, live, search, status, empty, older] =
    ["title", "zone", "pause", "clear", "live", "search", "status", "empty", "older"].map(find)
  const show = createKeyed(panel.querySelector("ol"), panel.querySelector("template"), bind)
  const button = search.querySelector("[type=submit]")
  let lines = createLines() // that have come
  let shown = null // those before the pause, null while there is none
  let found = null // by a search, null while the log is live
  let searches = 0 // the answer to an older one counts no more

  function bind(row) {
    const [time, device, message, fields] = ["time", "device", "message", "fields"].map((part) => row.querySelector(`[data-${part}]`))
    return (line) => {
      if (row.dataset.shown) return // a line never changes
      row.dataset.shown = "true"
      if (line.gap) {
        row.dataset.gap = ""
        setText(message, `${grouped(line.gap)} more, which a search finds`)
        return
      }
      const at = new Date(line.at)
      setText(time, momentOfLine(at))
      time.dateTime = at.toISOString()
      time.title = `${momentOf(at)}${line.timestamp ? `; the device says ${line.timestamp}` : ""}`
      setText(device, line.name)
      setText(message, line.message + (line.cut && !line.fields ? "…" : ""))
      setText(fields, (line.fields ?? "") + (line.cut && line.fields ? "…" : ""))
    }
  }

  function paint() {
    const now = found?.lines ?? shown ?? lines
    show(now.entries.map((entry) => [entry.key, entry]))
    panel.toggleAttribute("data-one", choice.id !== 0)
    setText(title, found ? "What was found" : choice.id ? "What it says" : "What devices say")
    setText(zone, zoneOf(new Date()))
    pause.hidden = clear.hidden = Boolean(found)
    live.hidden = !found
    older.hidden = !found?.older || found.lines.entries.length >= mostFound
    const held = shown ? lines.came - shown.came : 0
    pause.setAttribute("aria-pressed", String(shown !== null))
    setText(pause, shown ? (held > 0 ? `Go on (${grouped(held)} new)` : "Go on") : "Pause")
    setText(empty, found ? "" : "Nothing yet. Lines are shown here when they come.")
    empty.hidden = Boolean(found) || now.entries.length > 0
  }

  // Shows what comes again.
  function goLive() {
    searches += 1
    found = null
    button.disabled = false
    setText(status, "")
    paint()
  }

  function restart() {
    lines = createLines()
    shown = null
    if (found) look()
    else paint()
  }

  // Searches anew, or for what is older than what was found.
  async function look(before) {
    const mine = ++searches
    const more = before ? found : null
    const query = { device: choice.id, text: search.elements.text.value.trim(), seconds: Number(search.elements.seconds.value) }
    button.disabled = older.disabled = true
    setText(status, "Searching…")
    try {
      const answer = await ask(channel, "search", { ...query, before: before ?? "" })
      if (mine !== searches) return
      const all = [...(more?.lines.entries ?? []), ...answer.lines.map((line) => ({ ...line, key: line.id }))]
      found = { lines: { entries: all }, older: answer.older }
      setText(status, wordsOfFound(all.length, answer.older, search.elements.seconds.selectedOptions[0].textContent))
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
    lines = { ...lines, entries: [] }
    if (shown) shown = lines
    paint()
  })
  live.addEventListener("click", () => {
    search.elements.text.value = ""
    goLive()
  })
  search.addEventListener("submit", (event) => {
    event.preventDefault()
    look()
  })
  older.addEventListener("click", () => look(found.older))
  paint()
}

export function wordsOfFound(count, older, since) {
  const within = since === "All" ? "" : ` in the ${since.toLowerCase()}`
  if (count === 0) return `Nothing was found${within}.`
  if (older) return `The newest ${grouped(count)} are shown; there are more${within}.`
  return count === 1 ? `One line was found${within}.` : `${grouped(count)} lines were found${within}.`
}
