package main

import (
	"context"
	"errors"

	"sneakers23/app/operator"
	"sneakers23/cmd/console"
)

// devicesCmd knows the apps and kiosks that report to the gateway.
type devicesCmd struct {
	Add    devicesAddCmd    `cmd:"" help:"Add a device, and show its key once."`
	List   devicesListCmd   `cmd:"" default:"withargs" help:"List devices."`
	Revoke devicesRevokeCmd `cmd:"" help:"Revoke the key of a device for good. Asks first unless --yes."`
	Logs   devicesLogsCmd   `cmd:"" help:"Search or follow what devices have logged."`
	Vars   devicesVarsCmd   `cmd:"" help:"List the variables of a device: reported, and wanted."`
	Set    devicesSetCmd    `cmd:"" help:"Change a variable of a device, now or when it is back."`
	Unset  devicesUnsetCmd  `cmd:"" help:"Withdraw a change that the device has not reported yet."`

	Simulate devicesSimulateCmd `cmd:"" help:"Connect simulated devices to a gateway."`
}

type (
	devicesAddCmd struct {
		Name string `arg:"" help:"What to call it: 1 to 64 printable characters." name:"NAME"`
	}
	devicesListCmd   struct{}
	devicesRevokeCmd struct {
		Name string `arg:"" help:"Name of the device." name:"NAME" predictor:"device"`
		Yes  bool   `help:"Do not ask." short:"y"`
	}
)

// Help is shown by devices add --help.
func (devicesAddCmd) Help() string {
	return `The key is what the device proves itself with, so enter it there at once: the store keeps a hash of it,
and nobody can read it again. Several apps or kiosks may have the same key; they are one device then. See
docs/devices.md.`
}

// Run is called by kong.
func (a *devicesAddCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	added, err := c.AddDevice(ctx, operator.DeviceRequest{Name: a.Name})
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(added)
	}
	term.out.Printf("%s is added. Its key, which is shown only now: %s\n", added.Name, added.Key)
	return nil
}

// Run is called by kong.
func (devicesListCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Devices(ctx)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(orEmpty(all))
	}
	printDevices(term.out, all)
	return nil
}

func printDevices(to *console.Writer, all []operator.Device) {
	if len(all) == 0 {
		to.Printf("There is no device yet. Add one: %s devices add NAME\n", program())
		return
	}
	table := to.Table()
	table.Row("DEVICE", "ADDED", "SEEN", "KEY")
	lost := 0
	for _, d := range all {
		seen := "never"
		if d.Seen != nil {
			seen = stamp(d.Seen.Local())
		}
		if d.Revoked == nil && d.Key == operator.KeyLost {
			lost++
		}
		table.Row(d.Name, stamp(d.Created.Local()), seen, keyWords(d))
	}
	table.Print()
	if lost > 0 {
		to.Printf("\na lost key was stored under a --secret that is no longer set: set that one too, or revoke the device and add it again\n")
	}
}

// keyWords tells whether a key opens anything.
func keyWords(d operator.Device) string {
	switch {
	case d.Revoked != nil:
		return "revoked " + stamp(d.Revoked.Local())
	case d.Key == operator.KeyOlder:
		return "valid, under an older --secret"
	case d.Key == operator.KeyLost:
		return "lost"
	}
	return "valid"
}

// Run is called by kong.
func (r *devicesRevokeCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	if !r.Yes {
		if err := r.ask(ctx, c, term); err != nil {
			return err
		}
	}
	d, err := c.RevokeDevice(ctx, operator.DeviceRequest{Name: r.Name})
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(d)
	}
	term.out.Printf("the key of %s is revoked; all nodes close its connections within 2 s\n", d.Name)
	return nil
}

// ask shows the operator what is about to be revoked.
func (r *devicesRevokeCmd) ask(ctx context.Context, c *operator.Client, term terminal) error {
	const revokes = "This revokes the key for good: whatever has it is cut off, and needs the key of a new device."
	if !console.Interactive(term.in) {
		return confirm(term, revokes) // says that it can't ask
	}
	all, err := c.Devices(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Name == r.Name && d.Revoked == nil {
			printDevices(term.err, []operator.Device{d})
			return confirm(term, revokes)
		}
	}
	return errors.New("there is no device of this name with a valid key; see: sneakers23 devices list")
}
