package syncer

import (
	"strings"
	"testing"

	"roost/vault/node"
)

// An older program is said to be one, and nothing is made of a version that cannot be read.
func TestAnOlderProgramIsNamed(t *testing.T) {
	for version, want := range map[string]string{
		"0.43.0": "as new as it has to be", "0.43": "as new as it has to be", "0.50.0-rc1": "as new as it has to be", "1.0.0": "as new as it has to be",
		"0.42.9": "older than", "0.9.1": "older than",
		"": "is not known", "v1": "is not known", "1": "is not known", "new": "is not known",
	} {
		if got := versionWords(version); !strings.Contains(got, want) {
			t.Errorf("a storage of version %q: %s", version, got)
		}
	}
	for versions, want := range map[string]string{
		"1.1.6 1.1.6": "as new as it has to be", "1.1.6": "as new as it has to be", "": "as new as it has to be",
		"1.1.6 1.0.8": "older than", "0.14.5 1.1.6": "older than",
		"1.1.6 1.2.0": "different versions",
		"1.1.6 x":     "is not known",
	} {
		members := []node.Member{{Name: "one that is away"}}
		for _, v := range strings.Fields(versions) {
			members = append(members, node.Member{Version: v})
		}
		if got := groupVersionWords(members); !strings.Contains(got, want) {
			t.Errorf("members of versions %q: %s", versions, got)
		}
	}
}
