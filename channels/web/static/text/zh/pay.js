/** What the payment page of an order link says, in Chinese. */

export const pay = {
  title: "付款 · Airside",
  name: "付款",

  loading: "正在读取订单…",
  asks: "请您支付",
  order: "订单 {order}",
  total: "合计",
  now: "钱包里有",
  after: "付款后剩余",
  notEnough: "钱包余额不够付这一笔。",
  noPot: "您的钱包里没有 {currency}。",
  pay: "支付 {amount}",
  paySays: "点一下即可。点多少次都只付一次。",

  paying: "正在付款…",
  payingSays: "请等待结果。",
  unknown: "还不知道结果",
  unknownSays: "网关还没有回应，可能已付，也可能未付。正在再次询问，不会付两次。",
  stillUnknown: "仍然不知道结果",
  askAgain: "再问一次",

  paid: "已支付 {amount}",
  paidSays: "付给 {merchant}",
  paidAlready: "这笔订单已付清",
  paidAlreadySays: "不用再付给 {merchant}。",
  declined: "没有付成",
  tryAgain: "再试一次",
  refused: "没有扣款",
  cancelled: "这笔订单已取消",
  cancelledSays: "不用付款。",
  tappedBefore: "您刚才点过付款，但没有收到结果。再点一次是安全的：仍是同一笔付款。",

  noOrder: "这里没有订单",
  noOrderSays: "请打开商家给您的完整链接。",
  wallet: "打开我的钱包",
  someMerchant: "商家",
  otherWay: "用哪一笔钱？",
  otherWaySays: "您的首选是另一种货币。这一笔要用 {currency} 付。",
  payFrom: "用 {currency} 付",
};
