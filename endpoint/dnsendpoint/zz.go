package dnsendpoint

import _ "golang.org/x/net/dns/dnsmessage"
