package lang

import (
	"testing"
	"time"
)

// speakAs makes a language the one of the system.
func speakAs(t *testing.T, name string) {
	t.Helper()
	for _, variable := range []string{"LC_ALL", "LC_MESSAGES", "LANGUAGE"} {
		t.Setenv(variable, "")
	}
	t.Setenv("LANG", name)
}

// every language is legible.
func every(string) bool { return true }

func TestTheChosenLanguageCountsAndNotTheSystems(t *testing.T) {
	speakAs(t, "es_ES.UTF-8")
	for chosen, want := range map[string]string{"de": "Einstellungen", "en": "Settings", "es": "Ajustes", System: "Ajustes"} {
		if err := Use(chosen, every); err != nil {
			t.Fatal(err)
		}
		if got := L("Settings"); got != want {
			t.Errorf("%s says %q, want %q", chosen, got, want)
		}
	}
}

func TestTheSystemsFirstLanguageThatIsThereIsSpoken(t *testing.T) {
	for name, want := range map[string]string{
		"de_AT.UTF-8": "Einstellungen", "es_MX": "Ajustes", "en_GB.UTF-8": "Settings", "fr_CA.UTF-8": "Réglages", "ja_JP.UTF-8": "設定", "it_IT.UTF-8": "Settings", "C": "Settings", "": "Settings", "tlh_!!": "Settings",
	} {
		speakAs(t, name)
		if err := Use(System, every); err != nil {
			t.Fatal(err)
		}
		if got := L("Settings"); got != want {
			t.Errorf("with %q: %q, want %q", name, got, want)
		}
	}
	speakAs(t, "it_IT.UTF-8")
	t.Setenv("LANGUAGE", "it:de:es")
	if err := Use(System, every); err != nil {
		t.Fatal(err)
	}
	if got := L("Settings"); got != "Einstellungen" {
		t.Errorf("of several languages it chose one that says %q", got)
	}
}

// A page of boxes helps nobody, in the language of the system as little as in a chosen one.
func TestALanguageWithoutLettersGivesWay(t *testing.T) {
	latin := func(tag string) bool { return tag != "ja" }
	speakAs(t, "ja_JP.UTF-8")
	for chosen, want := range map[string]string{"ja": "Settings", System: "Settings", "fr": "Réglages"} {
		if err := Use(chosen, latin); err != nil {
			t.Fatal(err)
		}
		if got := L("Settings"); got != want {
			t.Errorf("%s says %q, want %q", chosen, got, want)
		}
	}
	t.Setenv("LANGUAGE", "ja:fr")
	if err := Use(System, latin); err != nil {
		t.Fatal(err)
	}
	if got := L("Settings"); got != "Réglages" {
		t.Errorf("the second language of the system says %q", got)
	}
}

func TestTextsAreFilledAndCounted(t *testing.T) {
	if err := Use("de", every); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ got, want string }{
		{N("{{.Number}} files", 1, map[string]any{"Number": "1"}), "1 Datei"},
		{N("{{.Number}} files", 7, map[string]any{"Number": "7"}), "7 Dateien"},
		{X("month.3", "March"), "März"},
		{L("There is no translation of {{.This}}", map[string]any{"This": "that"}), "There is no translation of that"},
		{L("a {{ that is no template", map[string]any{}), "a {{ that is no template"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// Somebody looks while somebody else chooses.
func TestALanguageMayChangeWhileTextsAreSaid(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
			L("Settings")
		}
	}()
	for range 100 {
		if err := Use("es", every); err != nil {
			t.Fatal(err)
		}
	}
	<-done
}
