import { createKeyed } from "../dashboard/keyed.js"
import { grouped } from "../dashboard/numbers.js"
import { setAttribute, setText } from "../dashboard/paint.js"
import { ask } from "./ask.js"
import { whereOf, wordsOfSum } from "./words.js"

const pageRows = 50 // of one answer
const maxRows = 500
const pauseMs = 1000 // between two refreshes
const typingMs = 200

// The list of devices. It is loaded again when devices connect or disconnect.
export function createList(panel, channel, choice) {
  const find = (name) => panel.querySelector(`[data-${name}]`)
  const [sum, filter, empty, next] = ["sum", "filter", "empty", "next"].map(find)
  const show = createKeyed(panel.querySelector("ul"), panel.querySelector("template"), bind)
  let devices = []
  let wanted = pageRows // rows
  let loading = false
  let again = false // something has changed since the load began
  let filters = 0 // how often the filter has changed: rows of an older one are not shown
  let timer = null

  function bind(row) {
    const pick = row.querySelector("[data-pick]")
    const [name, where] = ["name", "where"].map((part) => row.querySelector(`[data-${part}]`))
    return (device) => {
      pick.value = device.id
      setAttribute(pick, "aria-pressed", String(device.id === choice.id))
      setText(name, device.name)
      setText(where, whereOf(device))
      row.toggleAttribute("data-connected", device.nodes.length > 0 && !device.revoked)
      row.toggleAttribute("data-revoked", Boolean(device.revoked))
    }
  }

  const paint = () => show(devices.map((device) => [device.id, device]))

  // Loads the wanted rows. A load that is running is shown first, and then repeated.
  async function load() {
    again = loading
    if (loading) return
    loading = true
    const mine = filters
    const query = { text: filter.elements.text.value.trim(), which: filter.elements.which.value }
    try {
      const { found, more } = await pages(query, () => mine === filters)
      if (mine === filters) paintAll(found, more, query)
    } catch (error) {
      if (mine === filters) tell(error.message)
    }
    loading = false
    if (again) load()
  }

  async function pages(query, isWanted) {
    const found = []
    let after
    do {
      const page = await ask(channel, "list", { ...query, after })
      found.push(...page.devices)
      after = page.next
    } while (after && found.length < wanted && isWanted())
    return { found, more: Boolean(after) }
  }

  function paintAll(found, more, query) {
    const first = devices.length === 0
    devices = found
    paint()
    if (first) panel.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" })
    next.hidden = !more || found.length >= maxRows
    if (found.length === 0) tell(nothing(query))
    else tell(more && next.hidden ? `These are the first ${grouped(found.length)} devices. Narrow the list down.` : "")
  }

  function tell(text) {
    setText(empty, text)
    empty.hidden = text === ""
  }

  // Loads soon, and not too often.
  function refresh() {
    timer ??= setTimeout(() => {
      timer = null
      load()
    }, pauseMs)
  }

  let typing = null
  filter.addEventListener("submit", (event) => event.preventDefault())
  filter.addEventListener("input", () => {
    clearTimeout(typing)
    typing = setTimeout(() => {
      filters += 1
      devices = []
      wanted = pageRows
      paint()
      next.hidden = true
      tell("")
      load()
    }, typingMs)
  })
  next.addEventListener("click", () => {
    wanted = Math.min(devices.length + pageRows, maxRows)
    load()
  })
  panel.addEventListener("click", ({ target }) => {
    const pick = target.closest("[data-pick]")
    if (pick) choice.choose(Number(pick.value))
  })
  choice.follow(paint)

  let first = true
  return {
    refresh,
    show(state) {
      setText(sum, wordsOfSum(state))
      if (first) load()
      else refresh()
      first = false
    },
  }
}

function nothing({ text, which }) {
  if (text) return "No device has a name with these letters."
  if (which === "revoked") return "No key was revoked."
  if (which === "connected") return "No device is connected."
  if (which === "away") return "All devices are connected."
  return "Add a device, and enter the key shown here into the device. The device then connects to the gateway of a node."
}
