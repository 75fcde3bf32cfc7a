package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sneakers23/app/operator"
	"sneakers23/inventory/storefront"
)

// shopCmd shows and changes the settings of the shop.
type shopCmd struct {
	Show shopShowCmd `cmd:"" help:"Show the settings of the shop and its pages."`
	Set  shopSetCmd  `cmd:"" help:"Change settings: name, zone, address, colors, words about shipping and returns, the banner."`
	Logo shopLogoCmd `cmd:"" help:"Show a logo in place of the name, or the name again."`
}

// shopShowCmd shows the settings.
type shopShowCmd struct{}

// Run is called by kong.
func (shopShowCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	shop, err := c.Shop(ctx)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(shop)
	}
	printSettings(term, shop.Settings)
	pages := make([]string, len(shop.Pages))
	for i, p := range shop.Pages {
		pages[i] = "/" + string(p.Slug)
	}
	if len(pages) == 0 {
		term.out.Println("It has no pages of text: see `sneakers23 pages import --help`.")
		return nil
	}
	term.out.Printf("Pages: %s\n", strings.Join(pages, " "))
	return nil
}

// printSettings prints settings as a table.
func printSettings(term terminal, s storefront.Settings) {
	or := func(value, none string) string {
		if value == "" {
			return none
		}
		return value
	}
	logo, dark := "none", "as light as it takes"
	if s.Logo != nil {
		logo = fmt.Sprintf("picture %.8s", s.Logo.Picture)
	}
	if s.Accent == "" {
		dark = "the default"
	} else if a, ok := s.AccentColors(); ok {
		dark = a.Dark.String()
	}
	table := term.out.Table()
	table.Row("Name", s.Name)
	table.Row("Zone", s.Zone)
	table.Row("Address", or(s.URL, "not set: pages name none to search engines"))
	table.Row("Accent", or(s.Accent, "the default"))
	table.Row("Accent on dark", or(s.AccentDark, dark))
	table.Row("Logo", logo)
	table.Row("Shipping", or(s.Shipping, "no words"))
	table.Row("Returns", or(s.Returns, "no words"))
	table.Row("Banner", or(s.Banner, "none"))
	switch zone, err := time.LoadLocation(s.Zone); {
	case s.Banner == "":
	case s.BannerEnds == nil:
		table.Row("Banner ends", "never")
	case err == nil:
		table.Row("Banner ends", s.BannerEnds.In(zone).Format(time.RFC3339))
	}
	table.Print()
}

// shopSetCmd changes settings.
type shopSetCmd struct {
	Name       *string `help:"Brand name of the shop."`
	Zone       *string `help:"Time zone in which pages write times, like Europe/Berlin."`
	URL        *string `help:"Where shoppers find the shop, like https://shop.example; search engines and messengers are told it." name:"url"`
	Accent     *string `help:"Accent color, like '#c9330d'; empty for the default." placeholder:"COLOR"`
	AccentDark *string `help:"Accent color of dark pages. Without it, they show a lighter --accent." placeholder:"COLOR"`
	Shipping   *string `help:"One line about shipping, on every product." placeholder:"TEXT"`
	Returns    *string `help:"One line about returns, on every product." placeholder:"TEXT"`
	Banner     *string `help:"A line at the head of every page; empty takes it away. Without --banner-ends, another line has no end." placeholder:"TEXT"`
	BannerEnds string  `help:"When the banner goes, by the clocks of the shop's time zone, or never." placeholder:"TIME"`
	Seen       *int64  `help:"Save only if the settings have still this version, as shop show --json tells it." placeholder:"VERSION"`
}

// Help is shown by shop set --help.
func (shopSetCmd) Help() string {
	return fmt.Sprintf(`What has no flag stays. An empty text takes a setting away. For example:

  sneakers23 shop set --name "Volt Store" --zone Europe/Berlin --accent '#006644'
  sneakers23 shop set --shipping "Ships within two days." --returns "30 days, free."
  sneakers23 shop set --banner "We ship again on Monday." --banner-ends 2d

A color that cannot be read on the pages is refused: its contrast with them must be %.1f at least.`,
		storefront.MinContrast)
}

// Run is called by kong.
func (s *shopSetCmd) Run(ctx context.Context, g *globals, term terminal) error {
	edit := storefront.Edit{
		Name: s.Name, Zone: s.Zone, URL: s.URL, Accent: s.Accent, AccentDark: s.AccentDark, Shipping: s.Shipping,
		Returns: s.Returns, Banner: s.Banner, Seen: (*storefront.Revision)(s.Seen),
	}
	if edit.Empty() && s.BannerEnds == "" {
		return usageError{errors.New("say what to set: see `sneakers23 shop set --help`")}
	}
	if s.Accent != nil && *s.Accent == "" && s.AccentDark == nil {
		edit.AccentDark = new("") // it makes no sense alone
	}
	return setShop(ctx, g, term, func(c *operator.Client) (_ storefront.Edit, err error) {
		edit.BannerEnds, err = s.bannerEnds(ctx, c)
		return edit, err
	})
}

// bannerEnds reads the end of the banner, in the zone that the shop will have; nil if there is no
// such flag.
func (s *shopSetCmd) bannerEnds(ctx context.Context, c *operator.Client) (*time.Time, error) {
	switch s.BannerEnds {
	case "":
		return nil, nil
	case "never":
		return new(time.Time), nil
	}
	zone := s.Zone
	if zone == nil {
		shop, err := c.Shop(ctx)
		if err != nil {
			return nil, err
		}
		zone = &shop.Zone
	}
	now, err := inZone(time.Now(), cmp.Or(*zone, storefront.DefaultZone))
	if err != nil {
		return nil, err
	}
	return parseEnd("--banner-ends", s.BannerEnds, now)
}

// setShop saves an edit, and says what has become of it.
func setShop(
	ctx context.Context, g *globals, term terminal, edit func(*operator.Client) (storefront.Edit, error),
) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	e, err := edit(c)
	if err != nil {
		return err
	}
	done, err := c.SetShop(ctx, e)
	if err != nil {
		return explainFront(err, "--")
	}
	warnMissing(term, g, done.Everywhere)
	if g.JSON {
		return term.out.JSON(done)
	}
	if done.Unchanged() {
		term.out.Println("Nothing to change: it was so already.")
		return nil
	}
	printSettings(term, done.Settings.Settings)
	return nil
}

// explainFront says why nothing was saved. Fields are named with the prefix.
func explainFront(err error, prefix string) error {
	problems, ok := errors.AsType[storefront.Problems](err)
	if !ok {
		return err
	}
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = prefix + strings.ReplaceAll(p.Field, "_", "-") + " " + p.Text
	}
	return errors.New("nothing was saved:\n" + strings.Join(texts, "\n"))
}

// shopLogoCmd shows a logo.
type shopLogoCmd struct {
	File   string `arg:"" optional:"" help:"A JPEG, PNG or WebP; - for the standard input." name:"FILE"`
	Remove bool   `help:"Show the name again."`
}

// Help is shown by shop logo --help.
func (shopLogoCmd) Help() string {
	return `A logo is a picture of at least 100 pixels a side, and at most three times as wide as high. Pages show it
40 pixels high. It should be seen on light and on dark pages: a PNG or WebP may be transparent. Screen readers read
the name.`
}

// Run is called by kong.
func (l *shopLogoCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if (l.File == "") != l.Remove {
		return usageError{errors.New("give either a FILE or --remove")}
	}
	if l.Remove {
		return setShop(ctx, g, term, func(*operator.Client) (storefront.Edit, error) {
			return storefront.Edit{Logo: new("")}, nil
		})
	}
	photo, err := readPhoto(term, l.File)
	if err != nil {
		return err
	}
	return setShop(ctx, g, term, func(c *operator.Client) (storefront.Edit, error) {
		id, err := c.AddPicture(ctx, photo)
		if err != nil {
			return storefront.Edit{}, fmt.Errorf("%s: %w", l.File, err)
		}
		return storefront.Edit{Logo: &id}, nil
	})
}
