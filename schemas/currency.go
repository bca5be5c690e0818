package schemas

import (
	"fmt"
	"strings"
)

// noMinorUnit stands for ISO 4217's "N.A.": metals, bond units, drawing rights and test codes.
const noMinorUnit = 255

// CurrencyExponent is the number of decimals of a currency: 2 for USD, 0 for JPY, 3 for KWD. It is what amounts are
// rounded to when we compute or allocate them (domain.md §2.5 rule 0). Codes are ISO 4217, upper case.
//
// How a source counts is its adapter's matter: Stripe's integers for ISK and UGX have two implied decimals although
// the exponent is 0, and its amounts in three-decimal currencies must end in 0.
func CurrencyExponent(code string) (uint8, error) {
	exponent, known := isoExponent(code)
	switch {
	case known && exponent != noMinorUnit:
		return exponent, nil
	case known:
		return 0, fmt.Errorf("currency %s has no minor unit (ISO 4217): nothing can be sold in it; correct the document", code)
	}
	upper := strings.ToUpper(code)
	if _, known = isoExponent(upper); known && upper != code {
		return 0, fmt.Errorf("currency %q: codes are upper case; let the adapter send %s", code, upper)
	}
	return 0, fmt.Errorf("currency %q is not in ISO 4217: correct the source, or, if the code is new, add it to "+
		"schemas/currency.go and schemas/testdata/iso4217.csv", code)
}

// isoExponent is ISO 4217 list one of 2026-02 and what that list has withdrawn since 2012-12, because documents of
// those years are still loaded. TestCurrencyExponent compares it with testdata/iso4217.csv, which names its origin.
func isoExponent(code string) (exponent uint8, known bool) {
	switch code {
	case "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BMD",
		"BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CNY",
		"COP", "COU", "CRC", "CUC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD",
		"FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS",
		"INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LTL",
		"LVL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRO", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV",
		"MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR",
		"RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SLL", "SOS", "SRD", "SSP",
		"STD", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD",
		"USN", "USS", "UYU", "UZS", "VED", "VEF", "VES", "WST", "XAD", "XCD", "XCG", "YER", "ZAR", "ZMK", "ZMW",
		"ZWG", "ZWL":
		return 2, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, true
	case "BIF", "BYR", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
		"XAF", "XOF", "XPF":
		return 0, true
	case "CLF", "UYW":
		return 4, true
	case "XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XFU", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX":
		return noMinorUnit, true
	}
	return 0, false
}
