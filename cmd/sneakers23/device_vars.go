package main

import (
	"context"
	"encoding/json"

	"sneakers23/app/operator"
	"sneakers23/cmd/console"
)

type (
	devicesVarsCmd struct {
		Name string `arg:"" help:"Name of the device." name:"NAME" predictor:"device"`
	}
	devicesSetCmd struct {
		Name     string `arg:"" help:"Name of the device." name:"NAME" predictor:"device"`
		Variable string `arg:"" help:"Name of the variable." name:"VAR"`
		Value    string `arg:"" help:"What it is to become; a string without quotes of its own." name:"VALUE"`
		Type     string `help:"Type of the variable: string, integer, float or boolean. Default: the one that it has." enum:"string,integer,float,boolean," default:"" placeholder:"TYPE"`
	}
)

// Help is shown by devices set --help.
func (devicesSetCmd) Help() string {
	return `The value is kept, and sent to every connection of the device when it is verified, until the device
reports that very value. A later change replaces it, and devices unset withdraws it.`
}

// devicesUnsetCmd withdraws what devicesSetCmd has kept.
type devicesUnsetCmd struct {
	Name     string `arg:"" help:"Name of the device." name:"NAME" predictor:"device"`
	Variable string `arg:"" help:"Name of the variable." name:"VAR"`
}

// Help is shown by devices unset --help.
func (devicesUnsetCmd) Help() string {
	return `A connection that was sent the value already may have it all the same: to set that right, change the
variable again.`
}

// Run is called by kong.
func (u *devicesUnsetCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	variables, err := c.UnsetDevice(ctx, operator.UnsetDeviceRequest{Device: u.Name, Name: u.Variable})
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(orEmpty(variables))
	}
	term.out.Printf("%s of %s is not to change any more\n", u.Variable, u.Name)
	return nil
}

// Run is called by kong.
func (v *devicesVarsCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	variables, err := c.DeviceVariables(ctx, operator.DeviceRequest{Name: v.Name})
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(orEmpty(variables))
	}
	if len(variables) == 0 {
		term.out.Printf("%s has reported no variable yet, and none is wanted of it.\n", v.Name)
		return nil
	}
	printVariables(term.out, variables)
	return nil
}

func printVariables(to *console.Writer, variables []operator.DeviceVariable) {
	table := to.Table()
	table.Row("VARIABLE", "TYPE", "REPORTED", "AT", "WANTED", "SINCE", "BY")
	for _, v := range variables {
		kind, reported, at, wanted, since, who := "", "-", "", "-", "", ""
		if w := v.Wanted; w != nil {
			kind, wanted, since, who = w.Type, valueText(w.Value), stamp(w.Since.Local()), w.Who
		}
		if r := v.Reported; r != nil {
			if v.Wanted != nil && v.Wanted.Type != r.Type {
				wanted += " (" + v.Wanted.Type + ")"
			}
			kind, reported, at = r.Type, valueText(r.Value), stamp(r.At.Local())
		}
		table.Row(v.Name, kind, reported, at, wanted, since, who)
	}
	table.Print()
}

// valueText is a value in a table: a string as it is, cut where it is long.
func valueText(value json.RawMessage) string {
	text := string(value)
	var s string
	if json.Unmarshal(value, &s) == nil {
		text = s
	}
	return cut(text, 60)
}

// cut ends a text that is longer than so many characters.
func cut(text string, most int) string {
	runes := 0
	for i := range text {
		if runes++; runes > most {
			return text[:i] + "…"
		}
	}
	return text
}

// Run is called by kong.
func (s *devicesSetCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	variables, err := c.SetDevice(ctx, operator.SetDeviceRequest{
		Device: s.Name, Name: s.Variable, Type: s.Type, Value: s.Value,
	})
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(orEmpty(variables))
	}
	term.out.Printf("%s of %s is to become %s; the device gets it now, or when it is back\n",
		s.Variable, s.Name, s.Value)
	return nil
}
