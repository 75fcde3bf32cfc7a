import assert from "node:assert/strict"
import { test } from "node:test"
import { createFields } from "../js/devices/set.js"
import { Element } from "./page.js"

// A dialog whose templates make fields with a value.
function dialogOf() {
  const fields = []
  const dialog = new Element()
  const place = dialog.querySelector("[data-fields]")
  place.append = (field) => fields.push(field)
  for (const name of ["line", "text", "truth", "new"]) {
    const content = { firstElementChild: { cloneNode: () => Object.assign(new Element(), { kind: name }) } }
    dialog.parts.set(`template[data-${name}]`, { content })
  }
  return { dialog, fields }
}

const reported = (name, type, value) => ({ name, reported: { type, value } })

test("of one variable the value is sent, of several those that were changed", () => {
  const { dialog, fields } = dialogOf()
  const form = createFields(dialog)
  form.show([reported("volume", "integer", "3")])
  assert.deepEqual(form.changed(), [{ name: "volume", type: "integer", value: "3" }], "the same once more is a change")
  fields.length = 0
  form.show([reported("volume", "integer", "3"), { name: "open", wanted: { type: "boolean", value: "true" } }])
  assert.equal(form.check(), "Nothing is changed yet.")
  fields[1].querySelector("[name=value]").value = "false"
  assert.equal(form.check(), "")
  assert.deepEqual(form.changed(), [{ name: "open", type: "boolean", value: "false" }])
})

test("a value has the field that its type needs", () => {
  const { dialog, fields } = dialogOf()
  createFields(dialog).show([
    reported("a", "float", "1"),
    reported("b", "string", "one"),
    reported("c", "string", "one\ntwo"),
    reported("d", "boolean", "true"),
  ])
  assert.deepEqual(
    fields.map(({ kind }) => kind),
    ["line", "line", "text", "truth"],
  )
})

test("a new variable has a name", () => {
  const { dialog, fields } = dialogOf()
  const form = createFields(dialog)
  form.show([])
  const [field] = fields
  for (const [name, value] of [
    ["name", "  "],
    ["type", "string"],
    ["value", "x"],
  ])
    field.querySelector(`[name=${name}]`).value = value
  assert.equal(form.check(), "Write the name of the variable.")
  field.querySelector("[name=name]").value = " door "
  assert.equal(form.check(), "")
  assert.deepEqual(form.changed(), [{ name: "door", type: "string", value: "x" }])
})

test("what has no room in a frame is not sent", () => {
  const { dialog, fields } = dialogOf()
  const form = createFields(dialog)
  form.show([reported("a", "string", ""), reported("b", "string", "")])
  fields[0].querySelector("[name=value]").value = "ä".repeat(25_000)
  assert.match(form.check(), /^That is too much for one change\./)
})
