import { createKeyed } from "../dashboard/keyed.js"
import { grouped } from "../dashboard/numbers.js"
import { setAttribute, setText } from "../dashboard/paint.js"
import { ask } from "./ask.js"
import { whereOf, wordsOfSum } from "./words.js"

const most = 500 // rows
const pauseMs = 1000 // between two refreshes
const typingMs = 200

// The list of devices. It is asked for anew when devices come and go.
export function createList(panel, channel, choice) {
  const find = (name) => panel.querySelector(`[data-${name}]`)
  const [sum, filter, empty, next] = ["sum", "filter", "empty", "next"].map(find)
  const show = createKeyed(panel.querySelector("ul"), panel.querySelector("template"), bind)
  let devices = []
  let loads = 0 // the answer to an older one counts no more
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

  // Loads as many rows as there were, and so many more.
  async function load(more = 0) {
    const load = ++loads
    const wanted = Math.min(Math.max(devices.length, 1) + more, most)
    const query = { text: filter.elements.text.value.trim(), which: filter.elements.which.value }
    const found = []
    let after
    try {
      do {
        const page = await ask(channel, "list", { ...query, after })
        if (load !== loads) return
        found.push(...page.devices)
        after = page.next
      } while (after && found.length < wanted)
    } catch (error) {
      if (load === loads && devices.length === 0) tell(error.message)
      return
    }
    devices = found
    paint()
    next.hidden = !after || found.length >= most
    tell(found.length > 0 ? (after && next.hidden ? `These are the first ${grouped(found.length)}: narrow the list down.` : "") : nothing(query))
  }

  function tell(text) {
    setText(empty, text)
    empty.hidden = text === ""
  }

  // Refreshes soon, and not too often.
  function refresh() {
    timer ??= setTimeout(() => {
      timer = null
      load()
    }, pauseMs)
  }

  let typed = null
  filter.addEventListener("submit", (event) => event.preventDefault())
  filter.addEventListener("input", () => {
    clearTimeout(typed)
    typed = setTimeout(() => {
      devices = []
      load()
    }, typingMs)
  })
  next.addEventListener("click", () => load(1))
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
  if (text) return "No such device has a name like that."
  if (which === "revoked") return "No key was revoked."
  if (which === "connected") return "None is connected."
  if (which === "away") return "None is away."
  return "Add one, and give it the key that you are shown: it connects to the gateway of a node, which --gateway-listen opens."
}
