package operator

import (
	"context"
	"errors"
	"unicode/utf8"

	"sneakers23/inventory/storefront"
	"sneakers23/web/markdown"
)

// Shop is what operators have set of the shop.
type Shop struct {
	storefront.Settings
	Version storefront.Revision `json:"version"` // for [storefront.Edit.Seen]
	Pages   []PageSummary       `json:"pages"`
}

// PageSummary is a page without its text.
type PageSummary struct {
	Slug       storefront.Slug     `json:"slug"`
	Title      string              `json:"title"`
	Characters int                 `json:"characters"`
	Version    storefront.Revision `json:"version"` // for [storefront.PageEdit.Seen]
}

// PageRequest names a page.
type PageRequest struct {
	Slug storefront.Slug `json:"slug"`
}

// FrontSaved is what has become of settings or of a page, or why nothing was saved.
type FrontSaved struct {
	storefront.Saved
	Problems storefront.Problems `json:"problems,omitempty"`
	Everywhere
}

func (o *Operator) shop(context.Context, none) (Shop, error) {
	look := o.front.Look()
	row := look.Settings()
	shop := Shop{Settings: row.Settings, Version: row.Revision, Pages: []PageSummary{}}
	for p := range look.Pages() {
		shop.Pages = append(shop.Pages, PageSummary{p.Slug, p.Title, utf8.RuneCountInString(p.Body), p.Revision})
	}
	return shop, nil
}

func (o *Operator) page(_ context.Context, q PageRequest) (storefront.PageRow, error) {
	page, ok := o.front.Look().Page(q.Slug)
	if !ok {
		return storefront.PageRow{}, storefront.ErrNoPage
	}
	return page, nil
}

func (o *Operator) setShop(ctx context.Context, edit storefront.Edit) (FrontSaved, error) {
	if wholeSecond("end", edit.BannerEnds) != nil {
		return FrontSaved{Problems: storefront.Problems{{
			Field: "banner_ends", Text: "has a fraction of a second: write whole seconds",
		}}}, nil
	}
	saved, err := o.front.Set(ctx, edit)
	return o.savedFront(ctx, saved, err, "settings of the shop are changed")
}

func (o *Operator) savePage(ctx context.Context, edit storefront.PageEdit) (FrontSaved, error) {
	if _, err := markdown.HTML(edit.Body); err != nil && !edit.Remove {
		return FrontSaved{Problems: storefront.Problems{{Field: "markdown", Text: err.Error()}}}, nil
	}
	saved, err := o.front.SavePage(ctx, edit)
	what := "page is written"
	if edit.Remove {
		what = "page is removed"
	}
	return o.savedFront(ctx, saved, err, what, "page", edit.Slug)
}

// rereadFront lets all nodes show settings that were written with something else, and returns those
// that do not show them yet. If the settings can't be read, nodes find them by comparing.
func (o *Operator) rereadFront(ctx context.Context) (missing []string, err error) {
	mark, err := o.front.Reread(ctx)
	if err != nil {
		o.log.Warn("settings show when they are compared with the database", "err", err)
		return nil, err
	}
	return o.nodes.MissingFront(ctx, []storefront.Mark{mark}), nil
}

// savedFront logs what was saved, and returns when all nodes show it.
func (o *Operator) savedFront(
	ctx context.Context, saved storefront.Saved, err error, what string, attrs ...any,
) (FrontSaved, error) {
	if problems, ok := errors.AsType[storefront.Problems](err); ok {
		return FrontSaved{Problems: problems}, nil
	}
	if err != nil || saved.Unchanged() {
		return FrontSaved{Saved: saved}, err
	}
	o.did(ctx, what, append(attrs, "changes", saved.Changed)...)
	mark := storefront.Change{Settings: saved.Settings, Page: saved.Page}.Mark()
	missing := o.nodes.MissingFront(ctx, []storefront.Mark{mark})
	if len(missing) > 0 {
		o.log.Warn("some nodes do not show a change yet", "nodes", missing)
	}
	return FrontSaved{Saved: saved, Everywhere: Everywhere{missing}}, nil
}
