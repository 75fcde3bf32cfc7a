import { readToken } from "./admin-token"
import { countDown } from "./countdown"
import { followDashboard } from "./dashboard/follow"
import { showLiveState } from "./live-state"
import { createSocket } from "./transport"

readToken()
const socket = createSocket("/admin_socket", { authToken: () => window.adminToken }) // a renewed one counts from the next connect on
for (const time of document.querySelectorAll("[data-countdown]")) countDown(time)
showLiveState(followDashboard(socket), document.querySelector("[data-live-state]"))
socket.connect()
