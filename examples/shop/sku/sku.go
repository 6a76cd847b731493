// Package sku knows the form of the shop's article numbers.
package sku

import "regexp"

// Form is the form of an article number.
const Form = "[A-Z]{2,8}-[0-9]{1,4}"

var form = regexp.MustCompile("^" + Form + "$")

// Valid reports whether s can be an article number.
func Valid(s string) bool { return form.MatchString(s) }
