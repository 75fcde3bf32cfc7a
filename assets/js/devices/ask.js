export const offline = "The page is not connected. Try again when it is."
const patienceMs = 15_000 // more than the ten seconds of a server that waits for its database

// Asks the server, and resolves with its answer. The message of an error is for people.
export function ask(channel, event, payload) {
  return new Promise((resolve, reject) => {
    if (channel.state !== "joined") return reject(new Error(offline))
    channel
      .push(event, payload, patienceMs)
      .receive("ok", resolve)
      .receive("error", ({ reason }) => reject(new Error(reason ?? "It was refused.")))
      .receive("timeout", () => reject(new Error("No answer came. Try again.")))
  })
}
