import { createOrder } from "../dashboard/order.js"

// Withdraws what is wanted of a variable when that is confirmed. What it returns is called when something has changed.
export function unsetByButton(device, dialog, channel) {
  const order = createOrder(dialog, channel)

  device.panel.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-unset]")
    if (!opener) return
    const { id, name } = device.now()
    const variable = device.of(opener.closest("[data-variable]"))
    order.open({
      title: `Leave ${variable.name} as it is?`,
      words: () => `${name} is not sent “${variable.wanted.value}” any more. A device that was sent it already may have it all the same.`,
      confirm: "Withdraw it",
      busy: "Withdrawing…",
      wait: "",
      event: "unset",
      payload: () => ({ device: id, name: variable.name }),
      done: () => `${variable.name} of ${name} is not to change any more.`,
      isMoot: () => device.now()?.id === id && !device.variable(variable.name)?.wanted,
      moot: `${name} has reported ${variable.name} meanwhile.`,
      opener,
      otherwise: device.heading,
    })
  })
  return order.retell
}
