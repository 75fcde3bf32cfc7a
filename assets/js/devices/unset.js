import { createOrder } from "../dashboard/order.js"

// Withdraws a change of a variable when that is confirmed. Call the function it returns when
// something has changed.
export function unsetByButton(device, dialog, channel) {
  const order = createOrder(dialog, channel)

  device.panel.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-unset]")
    if (!opener) return
    const { id, name } = device.now()
    const variable = device.of(opener.closest("[data-variable]")).name
    const wanted = () => (device.now()?.id === id ? device.variable(variable)?.wanted : undefined)
    order.open({
      title: `Leave ${variable} as it is?`,
      words: () => wordsFor(name, wanted()),
      confirm: "Withdraw it",
      busy: "Withdrawing…",
      wait: "",
      event: "unset",
      payload: () => ({ device: id, name: variable }),
      done: () => `The change of ${variable} of ${name} is withdrawn.`,
      isMoot: () => device.now()?.id === id && !wanted(),
      moot: `No change of ${variable} of ${name} is pending any more.`,
      opener,
      otherwise: device.heading,
    })
  })
  return order.retell
}

function wordsFor(name, wanted) {
  const value = wanted ? `“${wanted.value}${wanted.cut ? "…" : ""}”` : "the value"
  return `${name} is not sent ${value} any more. A device that has received it already may use it all the same.`
}
