package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// A desktop shows what the entry says, a package what FyneApp.toml says; both mean the same program.
func TestTheDesktopEntrySaysWhatThePackageSays(t *testing.T) {
	entry, err := os.ReadFile("../packaging/" + appID + ".desktop")
	if err != nil {
		t.Fatal(err)
	}
	toml, err := os.ReadFile("../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	says := func(key string) string {
		found := regexp.MustCompile(`(?m)^` + key + ` = (.*)$`).FindStringSubmatch(string(toml))
		if found == nil {
			t.Fatalf("FyneApp.toml has no %s", key)
		}
		if list, ok := strings.CutPrefix(found[1], "["); ok {
			words := strings.NewReplacer(`"`, "", ", ", ";").Replace(strings.TrimSuffix(list, "]"))
			return words + ";"
		}
		return strings.Trim(found[1], `"`)
	}
	for _, key := range []string{"Name", "GenericName", "Comment", "Categories", "Keywords"} {
		if line := "\n" + key + "=" + says(key) + "\n"; !strings.Contains(string(entry), line) {
			t.Errorf("the entry lacks %q", line)
		}
	}
	if id := says("ID"); id != appID || !strings.Contains(string(entry), "\nIcon="+appID+"\n") {
		t.Errorf("the package is %s, the program %s", id, appID)
	}
	if !strings.Contains(string(entry), "\nExec=roost\n") {
		t.Error("the entry starts something else")
	}
}
