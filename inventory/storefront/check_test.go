package storefront

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		edit  Edit
		field string // "" if it is taken
		says  string
	}{
		{"a name", Edit{Name: new(" Volt & Söhne ")}, "", ""},
		{"no name", Edit{Name: new("  ")}, "name", "is missing"},
		{"long name", Edit{Name: new(strings.Repeat("x", 41))}, "name", "is 41 characters long, of at most 40"},
		{"huge name", Edit{Name: new(strings.Repeat("x", 1<<20))}, "name", "of at most 40"},
		{"control character", Edit{Name: new("Volt\x1b[2J")}, "name", "the invisible character U+001B"},
		{"new line", Edit{Shipping: new("Two\nlines")}, "shipping", "the invisible character U+000A"},
		{"right to left override", Edit{Name: new("Volt\u202estore")}, "name", "the invisible character U+202E"},
		{"line separator", Edit{Returns: new("a\u2028b")}, "returns", "the invisible character U+2028"},
		{"no UTF-8", Edit{Name: new("Volt\xff")}, "name", "is no UTF-8 text"},
		{"nothing to see", Edit{Name: new("\u200b\u2060")}, "name", "has nothing that can be seen"},
		{"markup is text", Edit{Name: new("<b>Volt</b>")}, "", ""},
		{"zone", Edit{Zone: new("Europe/Berlin")}, "", ""},
		{"no zone is the default", Edit{Zone: new("")}, "", ""},
		{"no such zone", Edit{Zone: new("Mars/Base")}, "zone", "write one like Europe/Berlin"},
		{"path as a zone", Edit{Zone: new("../../etc/passwd")}, "zone", "write one like Europe/Berlin"},
		{"machine's zone", Edit{Zone: new("Local")}, "zone", "write one like Europe/Berlin"},
		{"URL", Edit{URL: new("https://shop.example:8443/")}, "", ""},
		{"no scheme", Edit{URL: new("shop.example")}, "url", "like https://shop.example"},
		{"script", Edit{URL: new("javascript:alert(1)")}, "url", "like https://shop.example"},
		{"path", Edit{URL: new("https://shop.example/shop")}, "url", "like https://shop.example"},
		{"password", Edit{URL: new("https://a:b@shop.example")}, "url", "like https://shop.example"},
		{"quotes", Edit{URL: new(`https://shop.example"onload=`)}, "url", "like https://shop.example"},
		{"color", Edit{Accent: new("#064")}, "", ""},
		{"bad color", Edit{Accent: new("#ffff00")}, "accent", "hard to read"},
		{"endless color", Edit{Accent: new(strings.Repeat("f", 1<<20))}, "accent", "is no color"},
		{"dark color alone", Edit{AccentDark: new("#6fe0a0")}, "accent", "is missing"},
		{"long words", Edit{Shipping: new(strings.Repeat("x", 301))}, "shipping", "of at most 300"},
	} {
		before := defaults.Settings
		after := tt.edit.over(before)
		problems := after.check(before)
		switch {
		case tt.field == "" && len(problems) > 0:
			t.Errorf("%s: %v", tt.name, problems)
		case tt.field != "" && (len(problems) != 1 || problems[0].Field != tt.field ||
			!strings.Contains(problems[0].Text, tt.says)):
			t.Errorf("%s: %v, want %s %s", tt.name, problems, tt.field, tt.says)
		}
		if len(problems.Error()) > 1000 {
			t.Errorf("%s: the error has %d bytes", tt.name, len(problems.Error()))
		}
	}
}

// TestOlderSettingsStay holds that a rule which is newer than a value does not keep other values
// from being set.
func TestOlderSettingsStay(t *testing.T) {
	t.Parallel()
	old := Settings{Name: strings.Repeat("x", 60), Zone: "Old/Zone", Accent: "#ffff00"}
	if problems := (Edit{Shipping: new("Free.")}).over(old).check(old); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestCheckPage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		page Page
		says string
	}{
		"a page": {Page{"help", "Help", "Ask.\n\n\tcode"}, ""},
		"unknown": {Page{"jobs", "Jobs", "None."},
			"slug \"jobs\" is no page of a shop: it must be help, shipping, returns, privacy or imprint"},
		"no title":        {Page{"help", "", "Ask."}, "title is missing"},
		"no text":         {Page{"help", "Help", ""}, "markdown is missing"},
		"too long":        {Page{"help", "Help", strings.Repeat("x", MaxBody+1)}, "of at most 40000"},
		"binary":          {Page{"help", "Help", "a\nb\x00c"}, "markdown has the invisible character U+0000 in line 2"},
		"right to left":   {Page{"help", "He\u202elp", "Ask."}, "title has the invisible character U+202E"},
		"escape sequence": {Page{"help", "Help", "\x1b]0;x\x07"}, "U+001B in line 1"},
	} {
		got := tt.page.tidied().check().Error()
		if tt.says == "" && got != "" || !strings.Contains(got, tt.says) {
			t.Errorf("%s: %q, want %q", name, got, tt.says)
		}
	}
}

func TestParseFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, title, body string }{
		"title and body":   {"# Help\n\nAsk **us**.\n", "Help", "Ask **us**."},
		"Windows":          {"\ufeff# Help #\r\n\r\nAsk.\r\nUs.\r\n", "Help", "Ask.\nUs."},
		"blank lines":      {"\n\n# Help\nAsk.", "Help", "Ask."},
		"no title":         {"Ask us.", "", "Ask us."},
		"second heading":   {"## Help\n\nAsk.", "", "## Help\n\nAsk."},
		"title alone":      {"# Help", "Help", ""},
		"nothing":          {"", "", ""},
		"hash without gap": {"#help", "", "#help"},
	} {
		got := ParseFile("help", tt.text)
		if got.Slug != "help" || got.Title != tt.title || strings.TrimSpace(got.Body) != tt.body {
			t.Errorf("%s: %+v", name, got)
		}
		if tt.title != "" && tt.body != "" {
			if again := ParseFile("help", got.File()); again != got {
				t.Errorf("%s: read again: %+v, want %+v", name, again, got)
			}
		}
	}
}

func TestProblemsAreErrors(t *testing.T) {
	t.Parallel()
	var err error = Problems{{"name", "is missing"}, {"zone", "is no time zone"}}
	if found, ok := errors.AsType[Problems](err); !ok || found.Error() != "name is missing; zone is no time zone" {
		t.Errorf("%v, %v", found, ok)
	}
}
