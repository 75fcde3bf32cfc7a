import { readToken } from "./admin-token"
import { countDownAll } from "./countdown"
import { followDashboard } from "./dashboard/follow"
import { showLiveState } from "./live-state"
import { createSocket } from "./transport"

readToken()
// A renewed token counts from the next connect on.
const socket = createSocket("/admin_socket", { authToken: () => window.adminToken })
countDownAll()
showLiveState(followDashboard(socket), document.querySelector("[data-live-state]"))
socket.connect()
