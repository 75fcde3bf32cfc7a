import { createKeyed } from "../dashboard/keyed.js"
import { setText } from "../dashboard/paint.js"
import { wordsOfKey, wordsOfWhere } from "./words.js"

// The device that the page shows, with its variables: the reported values beside the wanted ones.
// When the panel is closed, the focus goes to the given element.
export function createDevice(panel, channel, choice, otherwise) {
  const find = (name) => panel.querySelector(`[data-${name}]`)
  const [name, where, key, empty, revoke, close, setAll, setNew] = [
    "name",
    "where",
    "key",
    "empty",
    "revoke",
    "close",
    "set-all",
    "set-new",
  ].map(find)
  const show = createKeyed(panel.querySelector("tbody"), panel.querySelector("template"), bind)
  const heading = panel.querySelector("h2")
  let device = null // as it was told last
  let variables = new Map() // by name
  const followers = []

  function bind(row) {
    const parts = ["name", "type", "reported", "wanted", "who", "unset", "set"].map((part) =>
      row.querySelector(`[data-${part}]`),
    )
    const [name, type, reported, wanted, who, unset, set] = parts
    return (variable) => {
      const { reported: is, wanted: will } = variable
      row.dataset.variable = variable.name
      row.dataset.kind = typeOf(variable)
      setText(name, variable.name)
      setText(type, typeOf(variable))
      setText(reported, is ? shown(is) : "–")
      setText(wanted, will ? shown(will) + (is && is.type !== will.type ? ` (${will.type})` : "") : "")
      setText(who, will ? `by ${will.who}` : "")
      set.hidden = gone()
      unset.hidden = !will || gone()
      set.setAttribute("aria-label", `Change ${variable.name}`)
      unset.setAttribute("aria-label", `Withdraw what is wanted of ${variable.name}`)
      row.toggleAttribute("data-pending", Boolean(will))
    }
  }

  const gone = () => !device || Boolean(device.gone || device.revoked)

  // The focus moves on from what disappears.
  function paint() {
    const focused = panel.contains(document.activeElement) ? document.activeElement : null
    paintAll()
    if (!focused) return
    if (panel.hidden) otherwise.focus()
    else if (!focused.isConnected || focused.hidden) heading.focus()
  }

  function paintAll() {
    panel.hidden = choice.id === 0
    const told = device !== null
    setText(name, told ? (device.gone ? "No such device" : device.name) : "…")
    setText(
      where,
      told ? (device.gone ? "The address names a device that this shop does not have." : wordsOfWhere(device)) : "",
    )
    const secret = told && !device.gone ? wordsOfKey(device) : ""
    setText(key, secret)
    key.hidden = secret === ""
    revoke.hidden = setNew.hidden = gone()
    setAll.hidden = gone() || variables.size < 2
    const sorted = [...variables.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    show(sorted.map((variable) => [variable.name, variable]))
    panel.querySelector("table").hidden = variables.size === 0
    empty.hidden = !told || Boolean(device.gone) || variables.size > 0
  }

  channel.on("device", (told) => {
    if (told.id !== choice.id) return
    device = told
    changed()
  })
  channel.on("variables", ({ device: id, whole, variables: some, gone: names = [] }) => {
    if (id !== choice.id) return
    if (whole) variables = new Map()
    for (const variable of some) variables.set(variable.name, variable)
    for (const name of names) variables.delete(name)
    changed()
  })

  function changed() {
    paint()
    followers.forEach((follower) => follower())
  }

  choice.follow((id) => {
    device = null
    variables = new Map()
    paint()
    if (id) heading.focus()
  })
  close.addEventListener("click", () => choice.choose(0))
  paint()

  return {
    panel,
    heading,
    now: () => device,
    all: () => [...variables.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    of: (row) => variables.get(row.dataset.variable),
    variable: (name) => variables.get(name),
    follow: (follower) => followers.push(follower), // calls it when something has changed
  }
}

export const typeOf = ({ reported, wanted }) => (reported ?? wanted).type

const shown = ({ value, cut, type }) => (type === "string" && value === "" ? "(empty)" : `${value}${cut ? "…" : ""}`)
