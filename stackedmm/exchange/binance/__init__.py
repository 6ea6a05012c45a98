"""Binance spot as clients know it: REST, market streams, websocket API and user stream."""
