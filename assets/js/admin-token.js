// The page brings the token with which its socket opens; the socket brings the next one before it
// ends.
export function readToken() {
  window.adminToken = document.querySelector("meta[name=admin-token]").content
}

export function followToken(channel) {
  channel.on("new_token", ({ token }) => (window.adminToken = token))
}
