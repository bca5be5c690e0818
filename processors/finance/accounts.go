package finance

// Account is one line of the chart of accounts (domain.md §2.2).
type Account struct {
	Code    string
	Role    string // what rules mean by it; an entity with other numbers maps roles
	Name    string
	Normal  string // "DEBIT" or "CREDIT": the side of its normal balance
	Control bool   // returns to zero per key when the thread is complete
	Key     string // key dimension: what the control_key of its legs holds; "" = none
	Stale   string // what a balance that stays means
	Owner   string // who answers for that
}

// The accounts that rules name.
const (
	bank                = "1000"
	pspClearing         = "1050"
	pspReserve          = "1055"
	bankClearing        = "1060"
	disputedFunds       = "1070"
	receivable          = "1100"
	customerDeductions  = "1110"
	shippedNotInvoiced  = "1150"
	inventory           = "1200"
	transfersInTransit  = "1210"
	goodsInTransit      = "1220"
	rightToRecover      = "1260"
	claims              = "1300"
	inputTax            = "1310"
	dueFromFunders      = "1320"
	payable             = "2000"
	goodsReceived       = "2050"
	accruedFreight      = "2060"
	customerDeposits    = "2100"
	refundsPayable      = "2150"
	giftCards           = "2200"
	taxPayable          = "2300"
	openingBalance      = "3000"
	productRevenue      = "4000"
	discounts           = "4100"
	freightRevenue      = "4200"
	salesReturns        = "4300"
	restockingFees      = "4400"
	giftCardBreakage    = "4500"
	manualAdjustments   = "4900"
	costOfGoods         = "5000"
	inventoryWriteOff   = "5100"
	priceVariance       = "5200"
	revaluation         = "5300"
	paymentFees         = "6100"
	marketplaceFees     = "6110"
	disputeFees         = "6120"
	chargebackLosses    = "6130"
	salesCommissions    = "6140"
	freightOut          = "6200"
	badDebt             = "6300"
	samplesAndPromotion = "6400"
	realisedFX          = "7000"
	roundingDifference  = "7900"
	suspense            = "9000"
)

// Chart is the chart of accounts, sorted by code; table `accounts` is filled from it.
func Chart() []Account {
	return []Account{
		{bank, "BANK", "Bank", "DEBIT", false, "bank account", "", "Treasury"},
		{pspClearing, "PSP_CLEARING", "PSP clearing", "DEBIT", true, "payment, batch or PSP", "Dr: captured, not paid out; Cr: refunds or disputes awaiting netting", "Payments ops"},
		{pspReserve, "PSP_RESERVE", "PSP reserve", "DEBIT", false, "PSP", "", "Payments ops"},
		{bankClearing, "BANK_CLEARING", "Bank clearing", "DEBIT", true, "payout, payment, refund or remittance", "announced, not on the statement", "Treasury"},
		{disputedFunds, "DISPUTED_FUNDS", "Disputed funds", "DEBIT", true, "dispute", "open chargebacks", "Payments / Risk"},
		{receivable, "RECEIVABLE", "Accounts receivable", "DEBIT", false, "invoice", "unpaid invoices", "AR"},
		{customerDeductions, "CUSTOMER_DEDUCTIONS", "Customer deductions", "DEBIT", false, "invoice", "", "AR"},
		{shippedNotInvoiced, "SHIPPED_NOT_INVOICED", "Shipped not invoiced", "DEBIT", true, "order line", "Dr: shipped, never invoiced; Cr: invoiced, never shipped", "Billing + WMS"},
		{inventory, "INVENTORY", "Inventory", "DEBIT", false, "SKU, location and lot", "must equal quantity times cost", "Inventory control"},
		{transfersInTransit, "TRANSFERS", "Inventory in transit (transfers)", "DEBIT", true, "transfer", "dispatched, never received", "Warehouse"},
		{goodsInTransit, "GOODS_IN_TRANSIT", "Goods shipped, control not passed", "DEBIT", true, "shipment", "shipped, never delivered", "Logistics"},
		{rightToRecover, "RIGHT_TO_RECOVER", "Right to recover goods", "DEBIT", true, "order line", "Dr: refunded, goods not back; Cr: goods back, not credited", "Returns"},
		{claims, "CLAIMS", "Carrier and vendor claims", "DEBIT", false, "claim", "", "Logistics"},
		{inputTax, "INPUT_TAX", "Input tax", "DEBIT", false, "jurisdiction", "", "Tax"},
		{dueFromFunders, "DUE_FROM_FUNDERS", "Due from discount funders", "DEBIT", false, "funder", "", "AP"},
		{payable, "PAYABLE", "Accounts payable", "CREDIT", false, "vendor", "", "AP"},
		{goodsReceived, "GOODS_RECEIVED", "Goods received, not billed (GR/IR)", "CREDIT", true, "purchase order line", "received, not billed; or billed, not received", "AP"},
		{accruedFreight, "ACCRUED_FREIGHT", "Accrued freight", "CREDIT", true, "shipment", "no carrier invoice", "Logistics"},
		{customerDeposits, "CUSTOMER_DEPOSITS", "Customer deposits (contract and refund liability)", "CREDIT", true, "order", "Cr: paid, not delivered; Dr: delivered and invoiced, capture missing", "AR"},
		{refundsPayable, "REFUNDS_PAYABLE", "Refunds payable", "CREDIT", true, "credit memo", "Cr: credited, not refunded; Dr: refunded, not credited", "Customer service / AR"},
		{giftCards, "GIFT_CARDS", "Gift-card liability", "CREDIT", false, "card", "", "Finance"},
		{taxPayable, "TAX_PAYABLE", "Sales tax and VAT payable", "CREDIT", false, "jurisdiction", "", "Tax"},
		{openingBalance, "OPENING_BALANCE", "Opening balance (cut-over)", "CREDIT", false, "document", "", "Controller"},
		{productRevenue, "PRODUCT_REVENUE", "Product revenue", "CREDIT", false, "", "", "Controller"},
		{discounts, "DISCOUNTS", "Discounts (contra revenue)", "DEBIT", false, "", "", "Controller"},
		{freightRevenue, "FREIGHT_REVENUE", "Freight revenue", "CREDIT", false, "", "", "Controller"},
		{salesReturns, "SALES_RETURNS", "Sales returns (contra revenue)", "DEBIT", false, "", "", "Controller"},
		{restockingFees, "RESTOCKING_FEES", "Restocking fees", "CREDIT", false, "", "", "Controller"},
		{giftCardBreakage, "GIFT_CARD_BREAKAGE", "Gift-card breakage", "CREDIT", false, "", "", "Controller"},
		{manualAdjustments, "MANUAL_ADJUSTMENTS", "Manual billing adjustments", "CREDIT", false, "", "", "Controller"},
		{costOfGoods, "COST_OF_GOODS", "Cost of goods sold", "DEBIT", false, "", "", "Controller"},
		{inventoryWriteOff, "INVENTORY_WRITE_OFF", "Inventory write-off and shrinkage", "DEBIT", false, "", "", "Controller"},
		{priceVariance, "PRICE_VARIANCE", "Purchase price variance", "DEBIT", false, "", "", "Controller"},
		{revaluation, "REVALUATION", "Inventory revaluation", "DEBIT", false, "", "", "Controller"},
		{paymentFees, "PAYMENT_FEES", "Payment fees", "DEBIT", false, "", "", "Controller"},
		{marketplaceFees, "MARKETPLACE_FEES", "Marketplace fees", "DEBIT", false, "", "", "Controller"},
		{disputeFees, "DISPUTE_FEES", "Dispute fees", "DEBIT", false, "", "", "Controller"},
		{chargebackLosses, "CHARGEBACK_LOSSES", "Chargeback losses", "DEBIT", false, "", "", "Controller"},
		{salesCommissions, "SALES_COMMISSIONS", "Sales commissions", "DEBIT", false, "", "", "Controller"},
		{freightOut, "FREIGHT_OUT", "Freight out", "DEBIT", false, "", "", "Controller"},
		{badDebt, "BAD_DEBT", "Bad debt", "DEBIT", false, "", "", "Controller"},
		{samplesAndPromotion, "SAMPLES", "Samples and promotion", "DEBIT", false, "", "", "Controller"},
		{realisedFX, "REALISED_FX", "Realised exchange differences", "DEBIT", false, "", "", "Controller"},
		{roundingDifference, "ROUNDING", "Rounding difference", "DEBIT", false, "", "", "Controller"},
		{suspense, "SUSPENSE", "Suspense", "DEBIT", false, "event", "money moved under a category that nobody knows", "Platform + Controller"},
	}
}

// accountOf finds an account by its role.
func accountOf(role string) (Account, bool) {
	for _, a := range Chart() {
		if a.Role == role {
			return a, true
		}
	}
	return Account{}, false
}

// exclusive says whether open items are told by the account: whoever reads the books goes from its code back to the role, so no other role may stand there.
func (a *Account) exclusive() bool {
	return a.Control || a.Code == receivable || a.Code == suspense
}
