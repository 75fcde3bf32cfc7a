package templates

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func address(name string) (string, error) { return "/assets/" + name, nil }

func TestParse(t *testing.T) {
	set, err := Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.Pages(),
		[]string{"admin", "admin_catalog", "admin_devices", "admin_drops", "admin_edit", "admin_page", "admin_shop",
			"checkout",
			"complete", "error", "home", "no_order", "not_found", "not_kept", "order", "product",
			"text"}; !slices.Equal(got, want) {
		t.Errorf("got pages %v, want %v", got, want)
	}
}

// A list without marks is no list to VoiceOver, unless it says that it is one.
func TestListsSayThatTheyAre(t *testing.T) {
	names, err := fs.ReadDir(files, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		source, err := fs.ReadFile(files, name.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range regexp.MustCompile(`<[uo]l\b[^>]*>`).FindAllString(string(source), -1) {
			if !strings.Contains(list, ` role="list"`) {
				t.Errorf("%s: %s", name.Name(), list)
			}
		}
	}
}

// Data must come out as text, wherever it stands.
func TestEscapes(t *testing.T) {
	set, err := Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		ItemID             int
		Size, Level, Words string
		Out, Held          bool
	}
	evil := `"><script>alert(1)</script>`
	var html strings.Builder
	err = set.Fragment(&html, "sizes", struct {
		Name    string
		Entries []entry
	}{evil, []entry{{1, evil, "low", evil, false, true}}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(html.String(), "<script") {
		t.Errorf("data became markup: %s", html.String())
	}
}

func TestErrors(t *testing.T) {
	missing := errors.New("no such file")
	set, err := Parse(func(string) (string, error) { return "", missing })
	if err != nil {
		t.Fatal(err)
	}
	var html strings.Builder
	page := struct {
		Title, Description string
		Flash              *struct{}
	}{}
	if err := set.Page(&html, "not_found", page); !errors.Is(err, missing) {
		t.Errorf("got %v, want what asset said", err)
	}
	if err := set.Page(&html, "nothing", page); err == nil {
		t.Error("a page that is not there was written")
	}
	if err := set.Fragment(&html, "nothing", page); err == nil {
		t.Error("a fragment that is not there was written")
	}
	if err := set.Page(&html, "home", struct{}{}); err == nil {
		t.Error("a page was written from a struct that lacks its fields")
	}
}
