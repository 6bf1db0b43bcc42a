/** Why a payment was declined, as the payer reads it, in Chinese. */

/** @type {Record<string, string>} */
export const declines = {
  reversed_before_arrival: "收银台已放弃这次付款",
  account_closed: "这个钱包已关闭",
  account_closing: "这个钱包正在关闭",
  account_frozen: "这个钱包已冻结",
  code_used: "这个付款码已用于另一笔订单",
  code_expired: "付款码已过期",
  code_not_yet_valid: "付款码来自一台时间不准的设备",
  wrong_currency: "这个钱包里没有这种货币",
  too_many_holds: "被冻结的付款太多",
  exceeds_channel_limit: "超过了这里单次付款的上限",
  not_sold_in_channel: "不能用这种方式购买",
  insufficient_funds: "钱包余额不足",
};
