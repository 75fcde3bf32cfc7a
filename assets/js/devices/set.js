import { counted } from "../dashboard/numbers.js"
import { createOrder } from "../dashboard/order.js"
import { say } from "../toast.js"
import { ask } from "./ask.js"
import { typeOf } from "./device.js"

const maxBytes = 48 << 10 // of one change: a frame has room for 64 KiB
const words = "The device gets it now, or when it connects. It is sent again until the device reports it."

// Changes one variable of a device, several, or one that it does not have yet, when that is
// confirmed. Call the function it returns when something has changed.
export function setByButton(device, dialog, channel) {
  const order = createOrder(dialog, channel)
  const fields = createFields(dialog)

  function open(opener, { id, name }, { rows, ...said }) {
    let sent = []
    fields.show(rows)
    order.open({
      words: () => words,
      check: () => fields.check(),
      busy: "Changing…",
      wait: "",
      event: "set",
      payload: () => ({ device: id, variables: (sent = fields.changed()) }),
      done: () =>
        sent.length === 1
          ? `${sent[0].name} of ${name} is to change.`
          : `${counted(sent.length, "variable")} of ${name} are to change.`,
      opener,
      otherwise: device.heading,
      ...said,
    })
  }

  device.panel.addEventListener("click", async ({ target }) => {
    const opener = target.closest("[data-set], [data-set-all], [data-set-new]")
    const shown = device.now()
    if (!opener || !shown) return
    const { name } = shown
    if ("setNew" in opener.dataset)
      return open(opener, shown, { title: `Set a variable of ${name}`, rows: [], confirm: "Set it" })
    const row = opener.closest("[data-variable]")
    let rows
    try {
      rows = await whole(channel, shown.id, row ? [device.of(row)] : device.all())
    } catch (error) {
      return say(error.message)
    }
    if (device.now()?.id !== shown.id || dialog.open) return // another device was chosen meanwhile
    if (row) open(opener, shown, { title: `Change ${rows[0].name} of ${name}`, rows, confirm: "Change it" })
    else
      open(opener, shown, {
        title: `Change variables of ${name}`,
        rows,
        words: () => `Only what you change is sent. ${words}`,
        confirm: "Change them",
      })
  })
  dialog.addEventListener("input", order.retell)
  return order.retell
}

// The variables with whole values: one question after the other, for those that are cut.
async function whole(channel, device, variables) {
  const rows = []
  for (const variable of variables) {
    const cut = variable.reported?.cut || variable.wanted?.cut
    rows.push(cut ? await ask(channel, "variable", { device, name: variable.name }) : variable)
  }
  return rows
}

// The fields of a dialog, one for each variable; of none, those for a new one.
export function createFields(dialog) {
  const place = dialog.querySelector("[data-fields]")
  const template = (name) => dialog.querySelector(`template[data-${name}]`)
  let rows = []
  let fresh = null

  function show(variables) {
    place.textContent = ""
    rows = variables.map((variable) => {
      const type = typeOf(variable)
      const before = (variable.wanted ?? variable.reported).value
      const field = clone(type === "boolean" ? "truth" : before.includes("\n") ? "text" : "line")
      const input = field.querySelector("[name=value]")
      field.querySelector("[data-name]").textContent = variable.name
      field.querySelector("[data-type]").textContent = type
      input.value = before
      return { name: variable.name, type, input, before: input.value } // a field may write it otherwise
    })
    fresh = variables.length === 0 ? clone("new") : null
    place.querySelector("input, textarea, select").autofocus = true
  }

  function clone(name) {
    const field = template(name).content.firstElementChild.cloneNode(true)
    place.append(field)
    return field
  }

  const value = (name) => fresh.querySelector(`[name=${name}]`).value

  function changed() {
    if (fresh) return [{ name: value("name").trim(), type: value("type"), value: value("value") }]
    return rows
      .filter(({ input, before }) => rows.length === 1 || input.value !== before)
      .map(({ name, type, input }) => ({ name, type, value: input.value }))
  }

  function check() {
    if (fresh && !value("name").trim()) return "Write the name of the variable."
    if (changed().length === 0) return "Nothing is changed yet."
    const bytes = new TextEncoder().encode(JSON.stringify(changed())).length
    return bytes > maxBytes ? "That is too much for one change. Change fewer variables at a time." : ""
  }

  return { show, changed, check }
}
