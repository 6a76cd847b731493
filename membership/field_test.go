package membership

import (
	"errors"
	"strings"
	"testing"
	"unicode"
)

// checkRefused sees that err is a FieldError that names field, value and a remedy, on one printable line.
func checkRefused(t *testing.T, err error, field, value, remedy string) {
	t.Helper()
	var wrong *FieldError
	if !errors.As(err, &wrong) {
		t.Fatalf("error is %v, want a *FieldError", err)
	}
	if wrong.Field != field {
		t.Errorf("Field = %q, want %q", wrong.Field, field)
	}
	if wrong.Value != value {
		t.Errorf("Value = %q, want %q", wrong.Value, value)
	}
	if !strings.Contains(wrong.Remedy, remedy) {
		t.Errorf("Remedy = %q, want it to say %q", wrong.Remedy, remedy)
	}
	if message := err.Error(); !strings.Contains(message, field) || !strings.Contains(message, remedy) {
		t.Errorf("Error() = %q, want it to name field and remedy", message)
	}
	checkLoggable(t, err)
}

func checkLoggable(t *testing.T, err error) {
	t.Helper()
	const longest = 400 // bytes: a line that somebody may still read
	message := err.Error()
	if len(message) > longest {
		t.Errorf("Error() has %d bytes: %.100q...", len(message), message)
	}
	if strings.ContainsFunc(message, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		t.Errorf("Error() = %q does not print", message)
	}
}

func TestFieldErrorNamesTheSetting(t *testing.T) {
	for setting, want := range map[string]string{
		"":                          `bind address "x": use an IP and a port`,
		"Config.Bind, -gossip.bind": `bind address "x" (Config.Bind, -gossip.bind): use an IP and a port`,
	} {
		err := &FieldError{Field: "bind address", Value: "x", Remedy: "use an IP and a port", Setting: setting}
		if err.Error() != want {
			t.Errorf("Error() = %s, want %s", err, want)
		}
		checkLoggable(t, err)
	}
}

func TestCheckName(t *testing.T) {
	for _, good := range []string{"a", "7", "users", "eu-west.1_b", strings.Repeat("a", 63)} {
		if err := CheckName("zone", good); err != nil {
			t.Errorf("CheckName(%q) = %v", good, err)
		}
	}
	for name, bad := range map[string]string{
		"empty":           "",
		"too long":        strings.Repeat("a", 64),
		"upper case":      "Users",
		"begins with dot": ".users",
		"begins with -":   "-users",
		"begins with _":   "_users",
		"space":           "my users",
		"slash":           "users/v2",
		"other script":    "usérs",
	} {
		t.Run(name, func(t *testing.T) {
			checkRefused(t, CheckName("zone", bad), "zone", bad, "use 1 to 63 of a-z, 0-9")
		})
	}
}

func TestCheckAddress(t *testing.T) {
	for _, good := range []string{
		"10.0.0.7:8080", "users.internal:1", "[fd00::7]:65535", "localhost:80", "[fe80::1%eth0]:80",
	} {
		if err := CheckAddress("advertise address", good); err != nil {
			t.Errorf("CheckAddress(%q) = %v", good, err)
		}
	}
	for name, tt := range map[string]struct{ value, remedy string }{
		"empty":           {"", "use host:port"},
		"no port":         {"10.0.0.7", "use host:port"},
		"bare IPv6":       {"fd00::7", "use host:port"},
		"URL":             {"http://10.0.0.7:8080", "use host:port"},
		"empty port":      {"10.0.0.7:", "use a port from 1 to 65535"},
		"port 0":          {"10.0.0.7:0", "use a port from 1 to 65535"},
		"port too high":   {"10.0.0.7:65536", "use a port from 1 to 65535"},
		"negative port":   {"10.0.0.7:-1", "use a port from 1 to 65535"},
		"named port":      {"10.0.0.7:http", "use a port from 1 to 65535"},
		"no host":         {":8080", "not the wildcard of a listener"},
		"wildcard":        {"0.0.0.0:8080", "not the wildcard of a listener"},
		"wildcard, zone":  {"[::%eth0]:8080", "not the wildcard of a listener"},
		"wildcard, IPv6":  {"[::]:8080", "not the wildcard of a listener"},
		"control in host": {"users\x1bc:80", "use printable characters"},
	} {
		t.Run(name, func(t *testing.T) {
			checkRefused(t, CheckAddress("advertise address", tt.value), "advertise address", tt.value, tt.remedy)
		})
	}
}
