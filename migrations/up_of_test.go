package migrations

import "testing"

// TestUpOf reads a step as goose does, and refuses what is not one statement in a transaction.
func TestUpOf(t *testing.T) {
	t.Parallel()
	const begin = "-- +goose Up\n-- +goose StatementBegin\n"
	const end = "-- +goose StatementEnd\n\n-- +goose Down\nDROP TABLE a;\n"
	for name, tt := range map[string]struct{ text, want string }{
		"a step":                   {begin + "CREATE TABLE a ();\n" + end, "CREATE TABLE a ();\n"},
		"outside of a transaction": {"-- +goose NO TRANSACTION\n" + begin + "CREATE TABLE a ();\n" + end, ""},
		"down first":               {"-- +goose Down\nDROP TABLE a;\n" + begin + end, ""},
		"two statements":           {begin + "-- +goose StatementEnd\n-- +goose StatementBegin\n" + end, ""},
		"without its end":          {begin + "CREATE TABLE a ();\n", ""},
	} {
		if got, err := upOf(tt.text); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, tt.want)
		}
	}
}
