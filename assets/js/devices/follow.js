import { followToken } from "../admin-token.js"
import { setText } from "../dashboard/paint.js"
import { addByButton } from "./add.js"
import { createChoice } from "./choice.js"
import { createDevice } from "./device.js"
import { createList } from "./list.js"
import { createLog } from "./log.js"
import { revokeByButton } from "./revoke.js"
import { setByButton } from "./set.js"
import { unsetByButton } from "./unset.js"

// Shows devices and their logs, and returns the channel that pushes them.
export function followDevices(socket) {
  const choice = createChoice()
  const find = (name) => document.querySelector(`[data-${name}]`)
  let shown = 0 // the device that the server pushes
  const channel = socket.channel("admin:devices", () => ({ device: (shown = choice.id) }))

  function show() {
    if (channel.state !== "joined" || shown === choice.id) return
    channel.push("show", { device: (shown = choice.id) })
  }

  const log = createLog(find("log"), channel, choice)
  const list = createList(find("list"), channel, choice)
  const device = createDevice(find("device"), channel, choice, log.heading)
  addByButton(find("list"), find("add-dialog"), find("key-dialog"), channel, ({ id }) => {
    list.refresh()
    choice.choose(id)
  })
  const retells = [
    revokeByButton(device, find("revoke-dialog"), channel),
    setByButton(device, find("set-dialog"), channel),
    unsetByButton(device, find("unset-dialog"), channel),
  ]
  const retell = () => retells.forEach((one) => one())
  const fault = find("fault")
  channel.on("state", (state) => {
    setText(fault, state.fault)
    fault.hidden = state.fault === ""
    list.show(state)
    retell()
  })
  device.follow(() => {
    retell()
    log.panel.hidden = Boolean(device.now()?.gone)
  })
  choice.follow(() => (log.panel.hidden = false))
  choice.follow(show)
  followToken(channel)
  channel.join().receive("ok", show) // another device may have been chosen while the channel was joining
  return channel
}
