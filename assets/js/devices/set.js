import { counted } from "../dashboard/numbers.js"
import { createOrder } from "../dashboard/order.js"
import { say } from "../toast.js"
import { ask } from "./ask.js"
import { typeOf } from "./device.js"

// Changes one variable of a device, all of them, or one that it does not have yet, when that is confirmed. What it returns is called
// when something has changed.
export function setByButton(device, dialog, channel) {
  const order = createOrder(dialog, channel)
  const fields = createFields(dialog)

  function open(opener, { title, rows, words, confirm }) {
    const { id, name } = device.now()
    let sent = []
    fields.show(rows)
    order.open({
      title: title(name),
      words: () => words,
      check: () => fields.check(),
      confirm,
      busy: "Changing…",
      wait: "",
      event: "set",
      payload: () => ({ device: id, variables: (sent = fields.changed()) }),
      done: () => (sent.length === 1 ? `${sent[0].name} of ${name} is to change.` : `${counted(sent.length, "variable")} of ${name} are to change.`),
      opener,
      otherwise: device.heading,
    })
  }

  const words = "The device is sent it now, or when it is back, until it reports it."
  device.panel.addEventListener("click", async ({ target }) => {
    const opener = target.closest("[data-set], [data-set-all], [data-set-new]")
    if (!opener) return
    const row = opener.closest("[data-variable]")
    if ("setNew" in opener.dataset) return open(opener, { title: (name) => `Set a variable of ${name}`, rows: [], words, confirm: "Set it" })
    try {
      const rows = await whole(channel, device.now().id, row ? [device.of(row)] : device.all())
      open(
        opener,
        row
          ? { title: (name) => `Change ${rows[0].name} of ${name}`, rows, words, confirm: "Change it" }
          : { title: (name) => `Change variables of ${name}`, rows, words: `Only what you change is sent. ${words}`, confirm: "Change them" },
      )
    } catch (error) {
      say(error.message)
    }
  })
  dialog.addEventListener("input", order.retell)
  return order.retell
}

// The variables with values that are not cut.
function whole(channel, device, variables) {
  return Promise.all(
    variables.map((variable) =>
      variable.reported?.cut || variable.wanted?.cut ? ask(channel, "variable", { device, name: variable.name }) : variable,
    ),
  )
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
    return rows.filter(({ input, before }) => rows.length === 1 || input.value !== before).map(({ name, type, input }) => ({ name, type, value: input.value }))
  }

  function check() {
    if (fresh && !value("name").trim()) return "Write the name of the variable."
    return changed().length > 0 ? "" : "Nothing is changed yet."
  }

  return { show, changed, check }
}
