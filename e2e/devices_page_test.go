package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
	"sneakers23/web/gateway/device"
)

// fill writes into a field.
func (v *visitor) fill(selector, text string) {
	v.t.Helper()
	if err := v.Locator(selector).First().Fill(text, playwright.LocatorFillOptions{Timeout: limit()}); err != nil {
		v.t.Fatalf("fill %s: %v", selector, err)
	}
}

// TestDevicesPage follows a device of one node at the dashboard of another: what it says and
// reports, and what is wanted of it.
func TestDevicesPage(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, 2, "--gateway-listen", ":6667")
	a := newAdmin(t, sharedPassword, playwright.BrowserNewContextOptions{})
	a.visit(cluster[1].URL + "/admin")
	a.click(".admin-nav >> text=Devices")
	a.wait(connected)
	a.says("[data-sum]", "There is no device with a valid key.")

	a.click("[data-add]")
	a.fill("[data-add-dialog] input", "kiosk")
	a.press("Enter")
	a.says("[data-key-dialog]", "kiosk is added")
	key := a.text("[data-key-dialog] [data-key]")
	a.click("[data-key-dialog] .button:not([data-copy])")
	waittest.Until(t, "the key is in the page no more",
		func() bool { return a.text("[data-key-dialog] [data-key]") == "" })
	a.says("[data-device] [data-where]", "Never connected.")

	k := newKiosk(t, key, net.JoinHostPort(cluster[0].host.IP, "6667"))
	a.says("[data-device] [data-where]", "Connected at node1 since ")
	a.says("[data-sum]", "1 of 1 connected: 1 at node1.")
	a.says("[data-list] li[data-connected]", "kiosk")
	if err := k.Set(device.Integer("volume", 3), device.String("greeting", "Hello")); err != nil {
		t.Fatal(err)
	}
	row := func(name string) string { return fmt.Sprintf(`[data-variable=%q]`, name) }
	a.says(row("volume")+" [data-reported]", "3")
	a.says(row("greeting")+" [data-reported]", "Hello")

	// what a device says is text
	script := `<script>document.title="taken"</script> card declined`
	k.says(t, script)
	a.says("[data-log] li", script)
	if title, err := a.Title(); err != nil || title != "Devices · Sneakers23" {
		t.Errorf("the title is %q, %v", title, err)
	}

	// a variable is changed, and the device has it
	a.click(row("volume") + " [data-set]")
	a.fill("[data-set-dialog] [name=value]", "loud")
	a.press("Enter")
	a.says("[data-set-dialog] [data-status]", `Variable "volume": the value is not of type integer.`)
	a.fill("[data-set-dialog] [name=value]", "5")
	a.press("Enter")
	a.says(".toast__card", "volume of kiosk is to change.")
	if got := waittest.Receive(t, "the device is told", k.applied); got != "volume 5" {
		t.Errorf("the device was told %q, want volume 5", got)
	}
	a.says(row("volume")+" [data-reported]", "5")
	a.gone(row("volume") + "[data-pending]")
	a.click("[data-set-all]")
	a.fill("[data-set-dialog] label:has-text('volume') [name=value]", "6")
	a.fill("[data-set-dialog] label:has-text('greeting') [name=value]", "Bye")
	a.click("[data-set-dialog] [data-confirm]")
	a.says(".toast__card", "2 variables of kiosk are to change.")
	a.says(row("volume")+" [data-reported]", "6")
	a.says(row("greeting")+" [data-reported]", "Bye")

	// a device that has never been here: what is wanted of it waits, until that is withdrawn
	cluster[0].run("devices", "add", "till")
	a.click("[data-list] button:has-text('till')")
	a.says("[data-device] [data-where]", "Never connected.")
	a.click("[data-set-new]")
	a.fill("[data-set-dialog] [name=name]", "drawer")
	a.fill("[data-set-dialog] [name=value]", "open")
	a.click("[data-set-dialog] [data-confirm]")
	a.says(row("drawer")+" [data-wanted]", "open")
	a.says(row("drawer"), "by the dashboard")
	a.click(row("drawer") + " [data-unset]")
	a.click("[data-unset-dialog] [data-confirm]")
	a.gone(row("drawer"))
	a.click("[data-list] button:has-text('kiosk')")
	a.says("[data-log] li", script)

	a.click("[data-pause]")
	k.says(t, "said later")
	a.says("[data-pause]", "Go on (1 new)")
	if n := a.count("[data-log] li:has-text('said later')"); n != 0 {
		t.Error("the log does not stand still")
	}
	a.click("[data-pause]")
	a.says("[data-log] li", "said later")
	a.click("[data-clear]")
	a.says("[data-log] [data-empty]", "Nothing yet.")
	a.fill("[data-search] [name=text]", `declined -later`)
	a.press("Enter")
	a.says("[data-log] [data-status]", "One record was found in the last hour.")
	a.says("[data-log] li", script)
	a.click("[data-live]")
	a.gone("[data-log] li")

	// the address leads back to the device
	if _, err := a.Reload(); err != nil {
		t.Fatal(err)
	}
	a.says("[data-device] h2", "kiosk")
	a.says("[data-log] li", "said later")
	a.click("[data-revoke]")
	a.click("[data-revoke-dialog] [data-confirm]")
	a.says("[data-device] [data-where]", "Its key was revoked")
	a.gone("[data-list] li[data-connected]")
	waittest.Until(t, "the log of the node tells who did it", func() bool {
		return strings.Contains(cluster[1].log.String(),
			`msg="the key of a device is revoked" device=kiosk who="the dashboard"`)
	})
}
