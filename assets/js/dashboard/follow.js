import { followToken } from "../admin-token"
import { createChart } from "./chart"
import { createEvents } from "./events"
import { merge, replace } from "./merge"
import { createNodes } from "./nodes"
import { createPages } from "./pages"
import { coalesce } from "./paint"
import { releaseByButton } from "./release"
import { restockByButton } from "./restock"
import { createStock } from "./stock"
import { createSums } from "./sums"

// Keeps the page as the server sums up the shop. `state` comes after every connect, and replaces all that is known.
export function followDashboard(socket) {
  const channel = socket.channel("admin:dashboard")
  const find = (name) => document.querySelector(`[data-${name}]`)
  const stock = createStock(find("stock"))
  const shows = [
    createSums(find("sums"), () => channel.state === "joined" && socket.isConnected()),
    createChart(find("chart")),
    createPages(find("pages")),
    createEvents(find("events")),
    createNodes(find("nodes")),
    stock.show,
  ]
  let state = null
  const paint = coalesce(() => shows.forEach((show) => show(state)))

  channel.on("state", (all) => {
    state = replace(all)
    paint()
  })
  channel.on("change", (some) => {
    if (!state) return
    merge(state, some)
    paint()
  })
  releaseByButton(find("release-dialog"), stock, channel)
  restockByButton(find("restock-dialog"), stock, channel)
  followToken(channel)
  channel.join()
}
